"""Style of the Detection page, choice of a second version, progress, summary bar and worklist controls."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from app_pages.components.detection.session import ReadingSession
from app_pages.components.detection.worklist import READING_STATUS_TONES, ReadingStatus, WorklistOrder
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import pluralize
from braintumor.errors import BrainTumorError
from braintumor.imaging import SkippedScan
from braintumor.inference import Detector, list_models
from braintumor.services.reading_job import ReadingProgress
from braintumor.settings import get_settings
from braintumor.text import describe_seconds, describe_skipped

_STYLE: Final = Path(__file__).parent / "viewer_assets" / "detection.css"
_NO_VERSION: Final = "None"
# Names of skipped files, to list on the page.
_MAX_LISTED: Final = 200


def show_style() -> None:
    """Load the style sheet of this page."""
    st.html(_STYLE)


def choose_second_detector(version: str) -> Detector | None:
    """Return the version to compare with, or None."""
    others = [other for other in list_models(get_settings()) if other != version]
    if not others:
        return None
    selected = st.selectbox(
        "Compare with", [_NO_VERSION, *others], key=f"compared-{version}", width=180, persist_state="session"
    )
    if selected == _NO_VERSION:
        return None
    try:
        return cache.get_detector(selected)
    except BrainTumorError as error:
        st.caption(str(error))
        return None


def show_progress(progress: ReadingProgress, session: ReadingSession) -> None:
    """Draw the progress bar with a button to stop or resume."""
    if not (progress.is_running or progress.is_stopped):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(min(1.0, progress.slices / max(1, progress.total_slices)), progress_text(progress))
        if progress.is_running:
            st.button("Stop", on_click=session.stop, icon=":material/stop:", key="stop")
        elif st.button("Resume", on_click=session.resume, icon=":material/play_arrow:", key="resume"):
            st.rerun()


def progress_text(progress: ReadingProgress) -> str:
    """Return slices and files read and the time left, such as `96 of 577 slices read, about 2 min left`."""
    if progress.is_running and not progress.total_slices:
        return "Opening the files"
    parts = [f"{progress.slices:,} of {pluralize(progress.total_slices, 'slice')} read"]
    if progress.total_files > 1:
        parts.append(f"{progress.files_read:,} of {progress.total_files:,} files")
    if progress.is_running and progress.seconds_left is not None:
        parts.append(f"{describe_seconds(progress.seconds_left)} left")
    return f"{'Stopped: ' if progress.is_stopped else ''}{', '.join(parts)}"


def show_skipped(skipped: Sequence[SkippedScan]) -> None:
    """Draw one line about the skipped files and slices, which opens to list them."""
    if not skipped:
        return
    with st.expander(describe_skipped(scan.reason for scan in skipped), icon=":material/inventory_2:", key="skipped"):
        st.text("\n".join(f"{scan.name}: {scan.reason}" for scan in skipped[:_MAX_LISTED]))
        if len(skipped) > _MAX_LISTED:
            st.caption(f"and {len(skipped) - _MAX_LISTED:,} more")


def show_summary_bar(status_counts: Mapping[ReadingStatus, int]) -> None:
    """Draw the number of slices by status."""
    cells = "".join(
        f'<div class="{READING_STATUS_TONES[status]}{"" if count else " none"}">'
        f"<dt>{escape(status)}</dt><dd>{count:,}</dd></div>"
        for status, count in status_counts.items()
    )
    st.html(f'<dl class="summary-bar">{cells}</dl>', width="content")


def choose_status_and_order(status_counts: Mapping[ReadingStatus, int]) -> tuple[ReadingStatus | None, WorklistOrder]:
    """Draw the filter and the sort order; the default is all scans, most suspicious first."""
    present = [status for status in ReadingStatus if status_counts[status]]
    status = None
    order = WorklistOrder.MOST_SUSPICIOUS
    if len(present) > 1:
        status = st.segmented_control(
            "Show only", present, key="status", format_func=str, wrap=True, persist_state="session"
        )
    if sum(status_counts.values()) > 1:
        orders = list(WorklistOrder)
        selected = st.selectbox("Sort by", orders, key="order", format_func=str, width=205, persist_state="session")
        order = selected or order
    return status, order
