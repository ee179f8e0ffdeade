"""What frames the reading room: its style, the second version to compare with, progress, and the strip of counts."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from app_pages.components.detection.session import Progress, ReadingSession
from app_pages.components.detection.worklist import READING_STATUS_TONES, ReadingStatus, WorklistOrder
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import pluralize
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector, list_models
from braintumor.settings import get_settings

_STYLE: Final = Path(__file__).parent / "detection.css"
_NO_VERSION: Final = "None"


def show_style() -> None:
    """The style of this page alone."""
    st.html(_STYLE)


def choose_second_detector(version: str) -> Detector | None:
    """A second version to read the chosen scan with; None where there is no other, or none is wanted."""
    others = [other for other in list_models(get_settings()) if other != version]
    if not others:
        return None
    chosen = st.selectbox("Compare with", [_NO_VERSION, *others], key=f"compared-{version}", width=180)
    if chosen == _NO_VERSION:
        return None
    try:
        return cache.get_detector(chosen)
    except BrainTumorError as problem:
        st.caption(str(problem))
        return None


def show_progress(progress: Progress, session: ReadingSession) -> None:
    """How far reading has come, with a way to stop it and to go on."""
    if not (progress.is_running or progress.is_stopped):
        return
    said = f"{progress.files_read} of {pluralize(progress.total_files, 'file')} read, {pluralize(progress.slices, 'slice')} so far"
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(
            progress.files_read / max(1, progress.total_files), ("Stopped: " if progress.is_stopped else "") + said
        )
        if progress.is_running:
            st.button("Stop", on_click=session.stop, icon=":material/stop:", key="stop")
        elif st.button("Go on", on_click=session.resume, icon=":material/play_arrow:", key="resume"):
            st.rerun()


def render_summary_bar(status_counts: Mapping[ReadingStatus, int]) -> None:
    """How many slices came to what, at a glance."""
    cells = "".join(
        f'<div class="{READING_STATUS_TONES[kind]}{"" if number else " none"}"><dt>{escape(kind)}</dt><dd>{number:,}</dd></div>'
        for kind, number in status_counts.items()
    )
    st.html(f'<dl class="reading-strip">{cells}</dl>', width="content")


def render_worklist_controls(status_counts: Mapping[ReadingStatus, int]) -> tuple[ReadingStatus | None, WorklistOrder]:
    """Which of the scans are listed, and in which order; all of them, the worst first, unless asked otherwise."""
    present = [kind for kind in ReadingStatus if status_counts[kind]]
    kind = None
    order = WorklistOrder.MOST_SUSPICIOUS
    if len(present) > 1:
        kind = st.segmented_control("Show only", present, key="kind", format_func=str, wrap=True)
    if sum(status_counts.values()) > 1:
        order = st.selectbox("Sort", list(WorklistOrder), key="order", format_func=str, width=190) or order
    return kind, order
