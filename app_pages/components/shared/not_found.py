"""The page for addresses that name no page, instead of Streamlit's dialog."""

from collections.abc import Sequence
from urllib.parse import unquote, urlsplit

import streamlit as st
from streamlit.navigation.page import Page

from app_pages.components.shared.page import show_header


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
