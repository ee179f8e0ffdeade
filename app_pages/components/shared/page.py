"""Layout of every page: style, logo, notice, headings, missing files, and the page for unknown addresses."""

import re
import shutil
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from app_pages.components.shared.glossary import explain
from app_pages.components.shared.page_tools import show_page_tools
from braintumor.enums import RESEARCH_USE

_ASSETS: Final = Path(__file__).parent / "assets"
LOGO: Final = str(_ASSETS / "mark.svg")
_README_PATH: Final = Path(__file__).resolve().parents[3] / "README.md"
# The browser cannot load the images of the README; comments are for editors.
_HIDDEN_MARKUP: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>|<!--.*?-->", re.DOTALL)


def show_layout(pages: Sequence[Page], current: Page) -> None:
    """Show what all pages share: style, logo, page links on phones, research-use notice, link and keys."""
    st.html(_ASSETS / "style.css")
    st.logo(LOGO, size="large")
    # On a phone, Streamlit shows the links in a sidebar that covers the page; this row replaces it.
    with st.container(horizontal=True, key="pages", gap=None, horizontal_alignment="distribute"):
        for page in pages:
            st.page_link(page, label=page.title, width="content")
    # On a phone only the first sentence is shown; the rest is in the menu and on the Summary page.
    first, rest = RESEARCH_USE.split(". ", 1)
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="notice"):
        st.html(f'<p class="research-use" role="note">{escape(first)}.<span> {escape(rest)}</span></p>')
        show_page_tools(current.title)


def show_header(title: str, subtitle: str) -> None:
    """Show the title of a page and a sentence about it."""
    st.title(title, anchor=False)
    st.markdown(f":gray[{subtitle}]")


def show_section(title: str, subtitle: str = "", terms: Sequence[str] = ()) -> None:
    """Show the heading of a section, with a sentence on how to read it.

    Parameters
    ----------
    terms : sequence of str
        Terms of the glossary that occur in the section, explained in a tooltip.
    """
    st.header(title, anchor=False, help=explain(*terms))
    if subtitle:
        st.caption(subtitle)


def show_missing(message: str, *commands: str) -> None:
    """Show what is missing, and the commands that create it."""
    with st.container(border=True):
        st.markdown(message)
        if commands:
            # Wrapped, because a sideways scroll cannot be reached by keyboard.
            st.code("\n".join(map(shell_command, commands)), language=None, wrap_lines=True)


def shell_command(command: str) -> str:
    """Return a command that can be pasted: with the path of its program if that is not on PATH."""
    name, _, rest = command.partition(" ")
    program = Path(sys.executable).parent / name
    if shutil.which(name) or not program.is_file():
        return command
    here = Path.cwd()
    return f"{program.relative_to(here) if program.is_relative_to(here) else program} {rest}"


@st.dialog("README", width="large")
def show_readme() -> None:
    """Show the README in a dialog."""
    try:
        text = _README_PATH.read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if text:
        st.markdown(_HIDDEN_MARKUP.sub("", text))
    else:
        st.markdown("README.md is missing. It is part of the source code.")


def unknown_page(pages: Sequence[Page]) -> list[Page]:
    """Return a page for the address of the browser if it names none of the pages, else nothing."""
    name = unquote(urlsplit(_address()).path).rstrip("/").rpartition("/")[2]
    if name in {page.url_path for page in pages} or not name:
        return []
    return [st.Page(show_not_found, title="Page not found", url_path=name, visibility="hidden")]


def show_not_found() -> None:
    """Say that there is no such page, with the way back."""
    show_header(
        "Page not found",
        "There is no page at this address, or it is not open to you. Check it, or start here:",
    )
    with st.container(horizontal=True):
        st.page_link("app_pages/summary.py", label="Summary", icon=":material/home:")
        st.page_link("app_pages/detection.py", label="Read a scan", icon=":material/image_search:")


def _address() -> str:
    return st.context.url or ""
