"""Tools of every page: copy the link to the view, and the keys that work, shown on `?`."""

import functools
from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

_ASSETS: Final = Path(__file__).parent / "assets"


class Shortcut(NamedTuple):
    """Keys and what they do."""

    keys: tuple[str, ...]
    action: str


# By page title; the keys of the viewer are bound in `detection/viewer_assets/controls.js`.
_EVERYWHERE: Final = "Every page"
SHORTCUTS: Final[dict[str, tuple[Shortcut, ...]]] = {
    _EVERYWHERE: (
        Shortcut(("?",), "Show this list"),
        Shortcut(("Tab", "Shift + Tab"), "Next and previous control"),
        Shortcut(("Enter", "Space"), "Press a button, open a list"),
        Shortcut(("←", "→"), "Previous and next tab or option"),
        Shortcut(("Esc",), "Close a dialog or a list"),
    ),
    "Detection": (
        Shortcut(("J", "N"), "Next scan"),
        Shortcut(("K", "P"), "Previous scan"),
        Shortcut(("[", "]"), "Previous and next slice"),
        Shortcut(("←", "→", "↑", "↓"), "On the scan: previous and next slice, or move it when zoomed in"),
        Shortcut(("+", "-"), "Zoom in and out"),
        Shortcut(("0",), "Reset zoom and window"),
        Shortcut(("O",), "Show or hide the overlays"),
        Shortcut(("M",), "Show or hide the outline"),
        Shortcut(("S",), "Show the scan with and without overlays side by side"),
    ),
    "Practice": (
        Shortcut(("1", "2", "3", "4"), "Answer"),
        Shortcut(("N",), "Next scan"),
    ),
}


def show_page_tools(page: str) -> None:
    """Show the buttons, and listen to `?`.

    Parameters
    ----------
    page : str
        Title of the page, whose keys are listed first.
    """
    titles = [page] if page in SHORTCUTS else []
    sections = [
        {"title": title, "shortcuts": [shortcut._asdict() for shortcut in SHORTCUTS[title]]}
        for title in (*titles, _EVERYWHERE)
    ]
    register_component("page_tools")(key="page-tools", data={"sections": sections}, width="content")


def register_component(name: str) -> Any:
    """Return a component made of the HTML, CSS and JavaScript of this name in `assets/`."""
    html, css, script = (read_asset(_ASSETS / f"{name}.{suffix}") for suffix in ("html", "css", "js"))
    return st.components.v2.component(name, html=html, css=css, js=script)


@functools.cache
def read_asset(path: Path) -> str:
    """Return the text of a file that a page needs in every run; it is read once."""
    return path.read_text(encoding="utf-8")
