"""Detection page: upload scans, review the results, record findings, download reports."""

from typing import Final

import streamlit as st

from app_pages.components.detection.reader_findings import drop_findings, findings
from app_pages.components.detection.saving import has_pending, is_saving
from app_pages.components.detection.session import current_session
from app_pages.components.detection.toolbar import choose_second_detector, show_style
from app_pages.components.detection.upload import choose_files, choose_source
from app_pages.components.detection.workspace import show_workspace
from app_pages.components.history.last_visit import offer_last_visit
from app_pages.components.samples.row import choose_sample
from app_pages.components.shared import cache
from app_pages.components.shared.page import show_header, show_missing
from braintumor.errors import BrainTumorError
from braintumor.settings import get_settings

# Seconds between updates while files are being read.
POLL_SECONDS: Final = 0.4


def show_page() -> None:
    """Draw the upload bar and the workspace."""
    with st.container(horizontal=True, gap="medium", key="upload-bar"):
        source = choose_source()
        version = cache.select_version()
        second_detector = choose_second_detector(version)
        try:
            detector = cache.get_detector(version)
        except BrainTumorError as error:
            show_missing(f"No model is available to read scans. {error}")
            return
        files = choose_files(source, get_settings(), is_saving())
    files = [*files, *choose_sample(bool(files))]
    session = current_session()
    session.sync_files(detector, files)
    drop_findings(session.removed_ids(findings()))
    if session.is_empty:
        st.caption("No files uploaded yet. Results appear here as each file is read.")
        offer_last_visit()
        return
    is_polling = session.progress().is_running or has_pending()
    # While files are being read and saved, only the workspace is redrawn, and only until the last file is done.
    st.fragment(show_workspace, run_every=POLL_SECONDS if is_polling else None)(detector, second_detector, is_polling)


show_style()
show_header(
    "Detection",
    "Upload brain MRI slices, series or volumes. An unreadable file is listed with the reason; the others are read.",
)
show_page()
