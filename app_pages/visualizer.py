"""Visualizer page: class maps, sample images, image features and split leakage."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from app_pages.components.shared.links import check_url_value
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
    "Average images of each class, where images vary and classes differ, and which images of the set are copies, "
    "outliers or possibly mislabelled.",
)
check_url_value("Tab", "look", TABS)
for name, tab in zip(TABS, st.tabs(list(TABS), key="look", bind="query-params"), strict=True):
    # Only the open tab is rendered, and each tab is a fragment that reruns alone.
    if tab.open:
        with tab:
            TABS[name]()
