"""What frames the reading room: its style, the second version to compare with, progress, and the strip of counts."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.reading_list import KIND_TONES, Kind, Order
from app_pages.components.reading_room import Progress, Room
from app_pages.components.words import count
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector, versions
from braintumor.settings import get_settings

_STYLE: Final = Path(__file__).parent / "assets" / "reading.css"
_NONE: Final = "None"


def show_style() -> None:
    """The style of this page alone."""
    st.html(_STYLE)


def choose_compared(version: str) -> Detector | None:
    """A second version to read the chosen scan with; None where there is no other, or none is wanted."""
    others = [other for other in versions(get_settings()) if other != version]
    if not others:
        return None
    chosen = st.selectbox("Compare with", [_NONE, *others], key=f"compared-{version}", width=180)
    if chosen == _NONE:
        return None
    try:
        return artifacts.detector(chosen)
    except BrainTumorError as problem:
        st.caption(str(problem))
        return None


def show_progress(progress: Progress, room: Room) -> None:
    """How far reading has come, with a way to stop it and to go on."""
    if not (progress.running or progress.stopped):
        return
    said = f"{progress.files} of {count(progress.of, 'file')} read, {count(progress.slices, 'slice')} so far"
    with st.container(horizontal=True, vertical_alignment="center", key="progress"):
        st.progress(progress.files / max(1, progress.of), ("Stopped: " if progress.stopped else "") + said)
        if progress.running:
            st.button("Stop", on_click=room.stop, icon=":material/stop:", key="stop")
        elif st.button("Go on", on_click=room.resume, icon=":material/play_arrow:", key="resume"):
            st.rerun()


def show_strip(found: Mapping[Kind, int]) -> None:
    """How many slices came to what, at a glance."""
    cells = "".join(
        f'<div class="{KIND_TONES[kind]}{"" if number else " none"}"><dt>{escape(kind)}</dt><dd>{number:,}</dd></div>'
        for kind, number in found.items()
    )
    st.html(f'<dl class="reading-strip">{cells}</dl>', width="content")


def choose_list(found: Mapping[Kind, int]) -> tuple[Kind | None, Order]:
    """Which of the scans are listed, and in which order; all of them, the worst first, unless asked otherwise."""
    present = [kind for kind in Kind if found[kind]]
    kind = None
    order = Order.WORST
    if len(present) > 1:
        kind = st.segmented_control("Show only", present, key="kind", format_func=str, wrap=True)
    if sum(found.values()) > 1:
        order = st.selectbox("Sort", list(Order), key="order", format_func=str, width=190) or order
    return kind, order
