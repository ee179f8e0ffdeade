"""Detection: the reading room. Drop slices, see what is suspected and where, disagree, take the record. Writes none."""

from typing import Final

import streamlit as st

from app_pages.components.detection.reader_findings import drop_findings, findings
from app_pages.components.detection.session import current_session
from app_pages.components.detection.toolbar import choose_second_detector, show_style
from app_pages.components.detection.upload import choose_files, choose_source
from app_pages.components.detection.workspace import render_workspace
from app_pages.components.shared import cache
from app_pages.components.shared.page import show_header, show_missing
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

# Seconds between two looks at what has been read meanwhile.
POLL_SECONDS: Final = 0.4


def show_page() -> None:
    """What is read by which version, and what came of it."""
    with st.container(horizontal=True, gap="medium", key="intake"):
        source = choose_source()
        version = cache.select_version()
        compared = choose_second_detector(version)
        try:
            detector = cache.get_detector(version)
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
