"""The frame around every page: style, mark, research-use notice, headings, and what to do when something is missing."""

import re
import shutil
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

from braintumor.enums import RESEARCH_USE

_README_PATH: Final = Path(__file__).resolve().parents[3] / "README.md"
# Pictures lie beside the file, where the browser cannot ask for them; comments are for whoever edits it.
_HIDDEN_MARKUP: Final = re.compile(r"!\[[^\]]*\]\([^)]*\)|<img[^>]*>|<!--.*?-->", re.DOTALL)


@st.dialog("README", width="large")
def show_readme() -> None:
    """Open the README."""
    try:
        text = _README_PATH.read_text(encoding="utf-8").strip()
    except OSError:
        text = ""
    if text:
        st.markdown(_HIDDEN_MARKUP.sub("", text))
    else:
        st.markdown("The README does not lie beside this copy of the app. It comes with the source.")


_ASSETS: Final = Path(__file__).parent / "assets"
LOGO: Final = str(_ASSETS / "mark.svg")


def show_layout(pages: Sequence[Page]) -> None:
    """Draw what all pages share: once per run, before the page."""
    st.html(_ASSETS / "style.css")
    st.logo(LOGO, size="large")
    # On a phone Streamlit puts the pages into a sidebar that covers the page and stays open; this row takes its place.
    with st.container(horizontal=True, key="pages", gap=None, horizontal_alignment="distribute"):
        for page in pages:
            st.page_link(page, label=page.title, width="content")
    # On a phone only the first sentence stays; the rest is in the menu and on the Summary page.
    first, rest = RESEARCH_USE.split(". ", 1)
    with st.bottom:
        st.html(f'<p class="research-use" role="note">{escape(first)}.<span> {escape(rest)}</span></p>')


def show_header(title: str, subtitle: str) -> None:
    """Title of a page and the sentence under it."""
    st.title(title, anchor=False)
    st.markdown(f":gray[{subtitle}]")


def show_section(title: str, subtitle: str = "") -> None:
    """Heading of a part of a page, with a sentence on how to read it."""
    st.header(title, anchor=False)
    if subtitle:
        st.caption(subtitle)


def show_missing(message: str, *commands: str) -> None:
    """Say plainly what is not there and which command makes it."""
    with st.container(border=True):
        st.markdown(message)
        if commands:
            # Wrapped, since what scrolls sideways on a phone cannot be reached with a keyboard.
            st.code("\n".join(map(shell_command, commands)), language=None, wrap_lines=True)


def shell_command(command: str) -> str:
    """A command as it can be pasted: with the path of its program where that is not on the search path."""
    name, _, rest = command.partition(" ")
    program = Path(sys.executable).parent / name
    if shutil.which(name) or not program.is_file():
        return command
    here = Path.cwd()
    return f"{program.relative_to(here) if program.is_relative_to(here) else program} {rest}"
