"""A stored scan in the viewer of the Detection page, and its readings by other versions."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import streamlit as st

from app_pages.components.detection.reader_findings import ask_finding
from app_pages.components.detection.result_card import result_title, show_result_card, show_warnings
from app_pages.components.detection.toolbar import show_style
from app_pages.components.detection.viewer import VersionDetection, show_viewer
from app_pages.components.detection.worklist import WorklistItem
from app_pages.components.history.records_list import finding_text
from app_pages.components.history.study_view import show_stored_studies
from app_pages.components.shared import cache
from app_pages.components.shared.colors import VERDICT_TONES
from app_pages.components.shared.storage import Records, session_value
from braintumor.db.deletion import delete_scans
from braintumor.db.records import StoredScan, read_stored_scan, save_finding, save_readings
from braintumor.db.search import Record, list_readings, open_record
from braintumor.db.tables.records import STUDY
from braintumor.errors import BrainTumorError, RecordError
from braintumor.inference import list_models
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import to_printable
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading
from braintumor.services.records.reading_record import (
    RestoredReading,
    hash_card,
    make_record,
    read_again,
    record_finding,
    record_row,
    restore_reading,
)
from braintumor.services.records.study_record import restore_study
from braintumor.settings import get_settings

OPENED_KEY: Final = "opened-records"
_MAX_OPENED: Final = 8
_NO_VERSION: Final = ""


@dataclass(slots=True)
class OpenedRecord:
    """A record that was opened in this session; opening it again would write another entry to the audit log."""

    record: Record
    stored: StoredScan | None
    restored: RestoredReading
    study: StudyResult | None = None


def show_record(records: Records, reading_id: str) -> None:
    """Draw a record, or that there is none: the same for what does not exist and what belongs to others."""
    # The browser forgets it when a page is opened from another one, and asks without it on the next click.
    st.query_params["record"] = reading_id
    if st.button("Back to the list", icon=":material/arrow_back:", type="tertiary", key="record-back"):
        st.query_params.clear()
        st.rerun()
    try:
        opened = _open(records, _parse_id(reading_id))
    except BrainTumorError as error:
        st.markdown(f"**Record not found.** {error}")
        return
    record = opened.record
    show_style()
    st.header(to_printable(record.name), anchor=False)
    st.caption(f"Read {record.read_at:%Y-%m-%d %H:%M} UTC with model {record.version}.")
    with st.container(horizontal=True, vertical_alignment="bottom", key="record-bar"):
        second = _choose_second(records, opened)
        _show_delete(records, record)
    if opened.restored.note:
        st.info(opened.restored.note)
    shown = [each for each in (opened, second) if each is not None]
    if opened.study is not None:
        show_stored_studies(records, record.scan_id, [each.study for each in shown if each.study is not None])
        _edit_finding(records, opened)
        return
    with st.container(key="workspace"):
        viewer, results = st.columns([9, 4], gap="medium")
    with viewer:
        _show_scan(shown)
    with results:
        for number, each in enumerate(shown):
            _show_result(each, str(number), len(shown) > 1)
        _edit_finding(records, opened)


def _parse_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise RecordError("This link does not lead to a record. Open the record from the History page.") from None


def _open(records: Records, reading_id: UUID) -> OpenedRecord:
    """Return a record, from the session if it was opened before and still exists."""
    cached: OrderedDict[UUID, OpenedRecord] = session_value(OPENED_KEY, OrderedDict())
    if reading_id in cached:
        # Reads no content, so it is no new entry in the audit log; raises an error if the record was deleted since.
        list_readings(records.storage, records.actor, cached[reading_id].record.scan_id)
        return cached[reading_id]
    record = open_record(records.storage, records.actor, reading_id)
    cached[reading_id] = opened = _restore(records, record)
    while len(cached) > _MAX_OPENED:
        cached.popitem(last=False)
    return opened


def _restore(records: Records, record: Record) -> OpenedRecord:
    if record.level == STUDY:
        reading = Reading(str(record.reading_id), record_row(record))
        return OpenedRecord(record, None, RestoredReading(reading, record_finding(record)), restore_study(record))
    stored = read_stored_scan(records.storage, records.actor, record.scan_id) if record.has_scan else None
    return OpenedRecord(record, stored, restore_reading(record, stored, cache.find_detector(record.version)))


def _choose_second(records: Records, opened: OpenedRecord) -> OpenedRecord | None:
    """Let the visitor choose another version to compare with; it reads the scan if it has not done so yet."""
    record = opened.record
    saved: dict[str, Record] = {}
    for each in list_readings(records.storage, records.actor, record.scan_id):
        saved.setdefault(each.version, each)
    readable = list_models(get_settings()) if opened.stored is not None else []
    others = sorted({*saved, *readable} - {record.version})
    if not others:
        return None
    version = st.selectbox(
        "Compare with", [_NO_VERSION, *others], key=f"compare-{record.reading_id}", width=260,
        format_func=lambda each: _version_title(each, each in saved),
    )  # fmt: skip
    if not version:
        return None
    try:
        reading_id = saved[version].reading_id if version in saved else _read(records, opened, version)
        return _open(records, reading_id)
    except BrainTumorError as error:
        st.error(str(error))
        return None


def _version_title(version: str, is_saved: bool) -> str:
    if not version:
        return "None"
    return version if is_saved else f"{version} (read now and save)"


def _read(records: Records, opened: OpenedRecord, version: str) -> UUID:
    """Read a stored scan with another version, and save the result."""
    if opened.stored is None:
        raise RecordError("The scan is no longer stored, so no other version can read it.")
    detector = cache.get_detector(version)
    reading = read_again(opened.record, opened.stored, detector)
    new = replace(make_record(reading, hash_card(detector.artifact)), name=opened.record.name, content=None)
    return save_readings(records.storage, records.actor, [new])[0].reading_id


def _show_delete(records: Records, record: Record) -> None:
    noun = "study" if record.level == STUDY else "scan"
    with st.popover("Delete", icon=":material/delete:"):
        days = records.storage.settings.restore_days
        st.markdown(
            f"Delete this {noun} with all its {'slices' if noun == 'study' else 'readings'}? "
            + (f"It can be restored for {days} days." if days else "This cannot be undone.")
        )
        if st.button(f"Delete this {noun}", key="record-delete"):
            delete_scans(records.storage, records.actor, [record.scan_id])
            st.session_state.pop(OPENED_KEY, None)
            st.query_params.clear()
            st.rerun()


def _show_scan(shown: list[OpenedRecord]) -> None:
    first = shown[0].restored.reading
    if first.compressed_scan is None:
        return
    detections = [
        VersionDetection(detection, detector)
        for each in shown
        if (detection := each.restored.reading.detection) is not None
        and (detector := cache.find_detector(each.record.version)) is not None
        and not each.restored.note
        and detection.turn == shown[0].restored.reading.detection.turn  # type: ignore[union-attr]
    ]
    show_viewer([WorklistItem(first.name, (first,))], WorklistItem(first.name, (first,)), first, detections, False)


def _show_result(opened: OpenedRecord, key: str, is_compared: bool) -> None:
    detection = opened.restored.reading.detection
    if detection is None:
        return
    show_warnings(detection)
    detector = cache.find_detector(opened.record.version)
    if detector is not None and not opened.restored.note:
        show_result_card(detection, detector.artifact.card.thresholds, f"record-{key}", is_compared)
        return
    # The thresholds of that time are not known any more.
    if is_compared:
        st.caption(f"Version {detection.model_version}")
    st.header(f":{VERDICT_TONES[detection.verdict]}[{result_title(detection)}]", anchor=False)
    st.markdown(detection.reason)


def _edit_finding(records: Records, opened: OpenedRecord) -> None:
    current = opened.restored.finding
    edited = ask_finding(current, str(opened.record.reading_id))
    if edited == (current.opinion, current.comment):
        return
    try:
        save_finding(records.storage, records.actor, opened.record.reading_id, *edited)
    except BrainTumorError as error:
        st.error(str(error))
        return
    opened.restored = replace(opened.restored, finding=ReaderFinding(*edited))
    st.toast(f"Finding saved: {finding_text(edited[0])}.")
