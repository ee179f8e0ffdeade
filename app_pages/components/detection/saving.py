"""Save the readings of the Detection page in the background, and say where they are kept."""

from collections.abc import Callable, Sequence
from functools import cache as remember
from typing import TYPE_CHECKING, Final

import streamlit as st

from app_pages.components.detection.reader_findings import findings
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.storage import Records, find_records, may_keep_records, storage_place
from braintumor.errors import BrainTumorError
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading

if TYPE_CHECKING:
    from braintumor.services.records.saver import ReadingSaver

SAVER_KEY: Final = "reading-saver"


def save_new_readings(
    readings: Sequence[Reading],
    finding_for: Callable[[Reading], ReaderFinding | None],
    studies: Sequence[StudyResult] = (),
) -> None:
    """Save what is new in the background, if readings are kept, and draw a line about it."""
    if not may_keep_records():
        return
    try:
        records = find_records()
    except BrainTumorError as error:
        st.caption(f"Not saved. {error}")
        return
    if records is None or not records.is_saving:
        st.session_state.pop(SAVER_KEY, None)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="saving"):
            st.caption("These readings are not stored.", width="content")
            st.page_link("app_pages/history.py", label="Keep a history")
        return
    saver = current_saver(records)
    saver.sync(readings, finding_for, remember(_hash_card), studies)
    _show_status(saver)


def has_pending() -> bool:
    """Whether readings wait to be saved."""
    saver: ReadingSaver | None = st.session_state.get(SAVER_KEY)
    return saver is not None and saver.status().pending > 0


def is_saving() -> bool:
    """Whether readings are saved now; false if the storage cannot be used."""
    try:
        records = find_records()
    except BrainTumorError:
        return False
    return records is not None and records.is_saving


def has_unsaved_findings() -> bool:
    """Whether findings would be lost with this browser session: nothing is saved, or not these yet."""
    if not any(finding for by_version in findings().values() for finding in by_version.values()):
        return False
    saver: ReadingSaver | None = st.session_state.get(SAVER_KEY)
    status = None if saver is None or not is_saving() else saver.status()
    return status is None or bool(status.pending or status.error)


def _hash_card(version: str) -> str:
    from braintumor.services.records.reading_record import hash_card

    return hash_card(cache.get_detector(version).artifact)


def current_saver(records: Records) -> "ReadingSaver":
    """Return what saves the readings of this browser session."""
    from braintumor.services.records.saver import ReadingSaver

    saver: ReadingSaver | None = st.session_state.get(SAVER_KEY)
    if saver is None or saver.actor != records.actor:
        saver = st.session_state[SAVER_KEY] = ReadingSaver(records.storage, records.actor)
    return saver


def _show_status(saver: "ReadingSaver") -> None:
    status = saver.status()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="saving"):
        if status.error:
            st.caption(f":red[Not all readings are saved.] {status.error}", width="content")
            if st.button("Save again", on_click=saver.retry, key="save-again"):
                st.rerun()
            return
        waiting = f", {status.pending:,} waiting" if status.pending else ""
        text = f"{pluralize(status.saved, 'reading')} saved {storage_place()}{waiting}."
        st.caption(text, width="content")
        st.page_link("app_pages/history.py", label="Open the history")
