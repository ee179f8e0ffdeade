"""Workspace of the Detection page: counts, worklist, selected scan and results; redrawn while files are read."""

from collections.abc import Sequence

import streamlit as st

from app_pages.components.detection.downloads import show_downloads
from app_pages.components.detection.edit_tools import apply_requested_edit, show_edit_buttons
from app_pages.components.detection.model_accuracy import show_model_accuracy
from app_pages.components.detection.reader_findings import edit_finding, finding_for, findings
from app_pages.components.detection.result_card import show_result_card, show_warnings
from app_pages.components.detection.saving import has_pending, has_unsaved_findings, save_new_readings
from app_pages.components.detection.session import current_session
from app_pages.components.detection.similar_scans import (
    describe_contradiction,
    show_similar_scans,
    similar_to_verdict,
)
from app_pages.components.detection.study_card import show_preliminary, show_studies
from app_pages.components.detection.toolbar import (
    choose_status_and_order,
    show_progress,
    show_skipped,
    show_summary_bar,
)
from app_pages.components.detection.upload import start_over
from app_pages.components.detection.viewer import PAGE_SIZE, VersionDetection, show_viewer, viewer_state
from app_pages.components.detection.worklist import WorklistItem, build_worklist, count_by_status, filter_and_sort
from app_pages.components.samples.note import show_sample_note
from app_pages.components.samples.state import sample_of
from app_pages.components.shared.session_state import current_prediction_log
from app_pages.components.shared.unsaved_warning import show_unsaved_warning
from braintumor.inference import Detector
from braintumor.inference.study.detect_study import study_rule
from braintumor.reporting.csv_export import study_row
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading
from braintumor.text import UNREADABLE_TITLE

_START_OVER = "Removes all files with their readings and findings. The session log and stored records stay."
_LOGGED_KEY = "logged-readings"
_LOGGED_STUDIES_KEY = "logged-studies"


def show_workspace(detector: Detector, second_detector: Detector | None, is_polling: bool) -> None:
    """Draw everything below the upload bar.

    Parameters
    ----------
    is_polling : bool
        Whether this runs repeatedly while files are read and saved; at the end, the page is rerun to stop it.
    """
    session = current_session()
    session.collect()
    apply_requested_edit(detector)
    progress, readings = session.progress(), session.readings()
    if is_polling and not progress.is_running and not has_pending():
        st.rerun()
    show_progress(progress, session)
    show_preliminary(session.preliminary())
    show_skipped(session.skipped())
    if not readings:
        return
    status_counts = count_by_status(readings)
    with st.container(horizontal=True, vertical_alignment="bottom", key="workspace-bar"):
        show_summary_bar(status_counts)
        status, order = choose_status_and_order(status_counts)
        downloads = st.popover("Downloads", icon=":material/download:", key="downloads")
        if st.button("Start over", on_click=start_over, icon=":material/delete:", key="start-over", help=_START_OVER):
            st.rerun()
    studies = session.studies(study_rule(detector.artifact.card))
    items = filter_and_sort(build_worklist(readings, studies), order, status)
    item, reading = _selected_item(items, studies)
    show_studies(studies)
    detections = _collect_detections(reading, detector, second_detector)
    show_scan(_page_of_items(items), item, reading, detections)
    with downloads:  # drawn last: a prepared file must not lack a finding of this run
        show_downloads(readings, reading, findings(), detector, studies)
    own_readings = [each for each in readings if sample_of(each.id, each.sha256) is None]
    own_studies = [study for study in studies if sample_of(study.slices[0].id, study.sha256) is None]
    _log_new_predictions(own_readings, reading, [] if sample_of(reading.id, reading.sha256) else detections)
    _log_new_studies(own_studies)
    if own_readings:
        save_new_readings(own_readings, lambda each: finding_for(each, findings()), own_studies)
    show_unsaved_warning("workspace", has_unsaved_findings())
    if not is_polling and has_pending():
        st.rerun()


def show_scan(
    items: Sequence[WorklistItem], item: WorklistItem, reading: Reading, detections: Sequence[VersionDetection]
) -> None:
    """Draw the viewer, with the results and the reader's finding next to it."""
    with st.container(key="workspace"):
        viewer, results = st.columns([9, 4], gap="medium")
    with viewer:
        show_viewer(items, item, reading, detections)
    with results:
        if not detections or reading.compressed_scan is None:
            st.header(UNREADABLE_TITLE, anchor=False)
            st.caption("The reason is shown in place of the picture and in the CSV.")
            show_sample_note(reading)
            return
        with st.container(key="verdict"):  # above the picture on a phone
            show_warnings(detections[0].detection)
            show_edit_buttons(reading, detections[0].detector)
            for number, (detection, detector) in enumerate(detections):
                similar = similar_to_verdict(detector, reading, detection)
                contradiction = describe_contradiction(detector, reading, detection)
                thresholds = detector.artifact.card.thresholds
                show_result_card(detection, thresholds, f"{number}", len(detections) > 1, contradiction, similar)
        show_sample_note(reading)
        edit_finding(reading)
        detector = detections[0].detector
        show_model_accuracy(detector.version, detector.artifact.card.thresholds)
        if detections[0].detection.verdict.has_result:  # no training image would be similar
            show_similar_scans(detector, reading)


def _collect_detections(
    reading: Reading, detector: Detector, second_detector: Detector | None
) -> list[VersionDetection]:
    if reading.detection is None:
        return []
    detections = [VersionDetection(reading.detection, detector)]
    if second_detector is not None:
        second = current_session().detect_compared(second_detector, reading)
        if second is not None:
            detections.append(VersionDetection(second, second_detector))
    return detections


def _selected_item(items: Sequence[WorklistItem], studies: Sequence[StudyResult]) -> tuple[WorklistItem, Reading]:
    """Return what the reader selected in the worklist or edited last; by default its first item.

    If that belongs to a study, the key slice of the study is opened.
    """
    first = items[0].most_suspicious.id
    key_ids = (study.key_slice.id for study in studies if any(each.id == first for each in study.slices))
    session, chosen_id = current_session(), str(viewer_state("chosen") or "")
    if session.has(chosen_id):
        session.chosen_id = chosen_id  # the viewer forgets it when the page is left
    selected_id = session.chosen_id or session.last_edited_id or next(key_ids, "")
    for item in items:
        index = item.index_of(selected_id)
        if index is not None:
            return item, item.readings[index]
    return items[0], items[0].most_suspicious


def _page_of_items(items: Sequence[WorklistItem]) -> Sequence[WorklistItem]:
    """Return the selected page of a long worklist."""
    page_count = -(-len(items) // PAGE_SIZE)
    if page_count < 2:
        return items
    page = st.pagination(page_count, key=f"entries-{page_count}", persist_state="session")
    return items[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def _log_new_studies(studies: Sequence[StudyResult]) -> None:
    """Log the answers for studies; one that did not change keeps its place."""
    logged = st.session_state.setdefault(_LOGGED_STUDIES_KEY, {})
    for study in studies:
        key, state = (study.id, study.model_version), study.timestamp
        if logged.get(key) != state:
            current_prediction_log().record(study_row(study))
            logged[key] = state


def _log_new_predictions(
    readings: Sequence[Reading], selected: Reading, detections: Sequence[VersionDetection]
) -> None:
    """Log new results, also of a second version, and results with a new finding."""
    logged, all_findings = st.session_state.setdefault(_LOGGED_KEY, {}), findings()
    log = current_prediction_log()
    for reading in readings:
        key, finding = (reading.id, reading.version), finding_for(reading, all_findings)
        state = finding, reading.row["timestamp"]  # a new timestamp: the reader changed the scan, and it was read again
        if logged.get(key) != state:
            log.record(reading.row, finding)
            logged[key] = state
    for compared in detections[1:]:
        key, compared_state = (selected.id, compared.detection.model_version), (None, compared.detection.timestamp)
        if logged.get(key) != compared_state:
            log.record(compared.detection)
            logged[key] = compared_state
    removed = current_session().removed_ids(key[0] for key in logged)
    for key in [key for key in logged if key[0] in removed]:
        del logged[key]
