"""Detection: the reading room. Drop slices, see what is suspected and where, disagree, take the record. Writes none."""

from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.frame import header, missing
from app_pages.components.reading_desk import show_desk
from app_pages.components.reading_frame import choose_compared, show_style
from app_pages.components.reading_opinion import forget, opinions
from app_pages.components.reading_room import room
from app_pages.components.reading_upload import choose_files, choose_source
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

# Seconds between two looks at what has been read meanwhile.
POLL: Final = 0.4


def show_page() -> None:
    """What is read by which version, and what came of it."""
    with st.container(horizontal=True, gap="medium", key="intake"):
        source = choose_source()
        version = artifacts.chosen_version()
        compared = choose_compared(version)
        try:
            detector = artifacts.detector(version)
        except BrainTumorError as problem:
            missing(f"No scan can be read yet. {problem}")
            return
        files = choose_files(source, get_settings())
    room().take(detector, files)
    forget(room().gone(opinions()))
    if not files:
        st.caption("Nothing has been read yet. Results appear here, file by file.")
        return
    polled = room().progress().running
    # While files are read, only what is below the uploader is drawn anew, and only until the last is done.
    st.fragment(show_desk, run_every=POLL if polled else None)(detector, compared, polled)


show_style()
header("Detection", "Drop brain MRI slices, one or many. A file that cannot be read costs only its own row.")
show_page()
