"""Visualizer: what the classes look like, single images of them, the facts of their files, and what leaks."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app_pages.components.shared.page import show_header
from app_pages.components.visualizer.explorer import show_explorer
from app_pages.components.visualizer.leakage import show_leakage
from app_pages.components.visualizer.maps import show_maps
from app_pages.components.visualizer.montage import show_montage

STYLE = Path(__file__).parent / "components" / "visualizer" / "visualizer.css"
TABS: dict[str, Callable[[], None]] = {
    "Maps": show_maps,
    "Montage": show_montage,
    "Explorer": show_explorer,
    "Leakage": show_leakage,
}

st.html(STYLE)
show_header(
    "Visualizer",
    "What the images of each class share, where they vary and differ, and what in this collection is copied, "
    "mislabelled or out of place.",
)
for part, tab in zip(TABS, st.tabs(list(TABS), key="look", bind="query-params"), strict=True):
    # Only the open tab is drawn, and each is a fragment: a choice within it runs nothing outside it.
    if tab.open:
        with tab:
            TABS[part]()
