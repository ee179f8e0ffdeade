"""The desk: counts, list, chosen scan and answers, drawn anew on its own as files are read and scans are chosen."""

from collections.abc import Sequence

import streamlit as st

from app_pages.components.detection.downloads import show_downloads
from app_pages.components.detection.model_accuracy import show_model_accuracy
from app_pages.components.detection.reader_findings import edit_finding, finding_for, findings
from app_pages.components.detection.readings import Reading
from app_pages.components.detection.result_card import show_result_card, show_warnings
from app_pages.components.detection.session import current_session
from app_pages.components.detection.similar_scans import show_similar_scans
from app_pages.components.detection.toolbar import render_summary_bar, render_worklist_controls, show_progress
from app_pages.components.detection.upload import remove_all
from app_pages.components.detection.viewer import PAGE_SIZE, VersionDetection, show_viewer, viewer_state
from app_pages.components.detection.worklist import WorklistItem, build_worklist, count_by_status, filter_and_sort
from braintumor.enums import Verdict
from braintumor.inference import Detector
from braintumor.services import prediction_log

_LOGGED_KEY = "reading-logged"


def render_workspace(detector: Detector, second_detector: Detector | None, is_polling: bool) -> None:
    """All below the uploader.

    Parameters
    ----------
    polled : bool
        Whether this is drawn again and again while files are read; it asks for the end of that when they are.
    """
    place = current_session()
    place.collect()
    progress, readings = place.progress(), place.readings()
    if is_polling and not progress.is_running:
        st.rerun()
    show_progress(progress, place)
    if not readings:
        return
    found = count_by_status(readings)
    with st.container(horizontal=True, vertical_alignment="bottom", key="desk-top"):
        render_summary_bar(found)
        kind, order = render_worklist_controls(found)
        downloads = st.popover("Downloads", icon=":material/download:", key="downloads")
        if st.button("Remove all", on_click=remove_all, icon=":material/delete:", key="remove"):
            st.rerun()
    entries = filter_and_sort(build_worklist(readings), order, kind)
    entry, reading = _selected_item(entries)
    with downloads:
        show_downloads(readings, reading, findings(), detector)
    answers = _collect_detections(reading, detector, second_detector)
    show_scan(_page_of_items(entries), entry, reading, answers)
    _log_new_predictions(readings, reading, answers)


def show_scan(
    items: Sequence[WorklistItem], item: WorklistItem, reading: Reading, detections: Sequence[VersionDetection]
) -> None:
    """The viewer, and beside it what was said of the scan and what the reader says."""
    with st.container(key="desk"):
        viewer, words = st.columns([9, 4], gap="medium")
    with viewer:
        show_viewer(items, item, reading, detections)
    with words:
        if not detections or reading.compressed_scan is None:
            st.header("Could not be read", anchor=False)
            st.caption("The sentence beside says why. It is a row of its own in the CSV.")
            return
        show_warnings(detections[0].detection)
        for number, answer in enumerate(detections):
            show_result_card(
                answer.detection, answer.detector.artifact.card.thresholds, f"{number}", len(detections) > 1
            )
        edit_finding(reading)
        first = detections[0].detector
        show_model_accuracy(first.version, first.artifact.card.thresholds)
        if detections[0].detection.verdict is not Verdict.NOT_BRAIN_MRI:  # what is no brain MRI has no like
            show_similar_scans(first, reading.compressed_scan)


def _collect_detections(
    reading: Reading, detector: Detector, second_detector: Detector | None
) -> list[VersionDetection]:
    if reading.detection is None:
        return []
    second = None if second_detector is None else current_session().detect_compared(second_detector, reading)
    answers = [VersionDetection(reading.detection, detector)]
    return (
        answers if second is None or second_detector is None else [*answers, VersionDetection(second, second_detector)]
    )


def _selected_item(items: Sequence[WorklistItem]) -> tuple[WorklistItem, Reading]:
    """What the reader chose in the list, else what stands first in it."""
    wanted = viewer_state("chosen")
    for entry in items:
        index = entry.index_of(str(wanted))
        if index is not None:
            return entry, entry.readings[index]
    return items[0], items[0].most_suspicious


def _page_of_items(items: Sequence[WorklistItem]) -> Sequence[WorklistItem]:
    """The part of a long list that the reader turns to."""
    pages = -(-len(items) // PAGE_SIZE)
    if pages < 2:
        return items
    page = st.pagination(pages, key=f"entries-{pages}")
    return items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def _log_new_predictions(
    readings: Sequence[Reading], selected: Reading, detections: Sequence[VersionDetection]
) -> None:
    """Take new answers, of a second version too, and those the reader has said more of, into the log of the visit."""
    known, kept = st.session_state.setdefault(_LOGGED_KEY, {}), findings()
    for reading in readings:
        key, finding = (reading.id, reading.version), finding_for(reading, kept)
        if known.get(key, ()) != finding:
            prediction_log.record(reading.detection or reading.row or {}, finding)
            known[key] = finding
    for answer in detections[1:]:
        key = selected.id, answer.detection.model_version
        if key not in known:
            prediction_log.record(answer.detection)
            known[key] = None
    gone = current_session().removed_ids(key[0] for key in known)
    for key in [key for key in known if key[0] in gone]:
        del known[key]
