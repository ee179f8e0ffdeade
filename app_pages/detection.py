"""Detection: the reading room. Drop slices, see what is suspected and where, disagree, take the record. Writes none."""

from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.frame import show_header, show_missing
from app_pages.components.reading_desk import render_workspace
from app_pages.components.reading_frame import choose_second_detector, show_style
from app_pages.components.reading_opinion import drop_findings, findings
from app_pages.components.reading_room import current_session
from app_pages.components.reading_upload import choose_files, choose_source
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

# Seconds between two looks at what has been read meanwhile.
POLL_SECONDS: Final = 0.4


def show_page() -> None:
    """What is read by which version, and what came of it."""
    with st.container(horizontal=True, gap="medium", key="intake"):
        source = choose_source()
        version = artifacts.select_version()
        compared = choose_second_detector(version)
        try:
            detector = artifacts.get_detector(version)
        except BrainTumorError as problem:
            show_missing(f"No scan can be read yet. {problem}")
            return
        files = choose_files(source, get_settings())
    current_session().sync_files(detector, files)
    drop_findings(current_session().removed_ids(findings()))
    if not files:
        st.caption("Nothing has been read yet. Results appear here, file by file.")
        return
    polled = current_session().progress().is_running
    # While files are read, only what is below the uploader is drawn anew, and only until the last is done.
    st.fragment(render_workspace, run_every=POLL_SECONDS if polled else None)(detector, compared, polled)


show_style()
show_header("Detection", "Drop brain MRI slices, one or many. A file that cannot be read costs only its own row.")
show_page()
