"""Readings of the uploaded files in this browser session, in memory only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.shared.browser_session import check_connection, trim_memory
from braintumor.imaging import SkippedScan
from braintumor.imaging.edits import ScanEdit
from braintumor.inference import Detection, Detector
from braintumor.inference.study import StudyReading, StudyRule
from braintumor.reporting.study.result import StudyResult
from braintumor.services.file_groups import FileGroup, GroupKind, group_files
from braintumor.services.reading import ReadingService
from braintumor.services.reading_job import INFERENCE_SLOTS, ReadingJob, ReadingProgress
from braintumor.services.reading_result import Reading, ReadingOptions, group_id
from braintumor.services.slice_count import SliceCount
from braintumor.services.study_results import collect_studies
from braintumor.text import pluralize

SESSION_KEY: Final = "reading-session"
# Seconds. One or two scans are done by then, and the page shows them at once instead of an empty worklist first.
_INITIAL_WAIT: Final = 0.35
# Results of a second version to keep.
_MAX_COMPARED: Final = 64


class ReadingSession:
    """Readings of the files that are uploaded now, by model version, and the job that produces them."""

    def __init__(self) -> None:
        self._file_groups: list[FileGroup] = []
        self._restored: list[FileGroup] = []
        self._completed: dict[tuple[str, str], list[Reading]] = {}
        self._skipped: dict[str, list[SkippedScan]] = {}
        self._job_skipped: Mapping[str, list[SkippedScan]] = {}
        self._job: ReadingJob | None = None
        self._is_stopped = False
        self._version = ""
        self._compared_detections: dict[tuple[str, str, ScanEdit], Detection] = {}
        self._previous_edits: dict[str, list[ScanEdit]] = {}
        self._studies: dict[str, tuple[object, list[StudyResult]]] = {}
        self._counts: dict[str, SliceCount] = {}
        self.chosen_id = ""
        self.last_edited_id = ""

    def sync_files(self, detector: Detector, files: Sequence[UploadedFile]) -> None:
        """Start reading what this version has not read, and drop the results of removed files."""
        groups = [*self._restored, *group_files(files, lambda file: file.file_id)]
        if (detector.version, [g.key for g in groups]) != (self._version, [g.key for g in self._file_groups]):
            self._is_stopped = False
        self._version, self._file_groups = detector.version, groups
        # Checked before results are collected: a job that ends in between is checked again on the next run.
        is_current = self._job is not None and (self._job.is_running or self._is_stopped)
        self.collect()
        self._drop_removed({group.key for group in groups})
        missing = [group for group in groups if (self._version, group.key) not in self._completed]
        if self._job is not None and not (is_current and self._job_matches(self._job, missing)):
            self._job.stop()
            self._job = None
        if missing and self._job is None and not self._is_stopped:
            self._start_job(detector, missing)

    def _start_job(self, detector: Detector, groups: Sequence[FileGroup]) -> None:
        other_versions = {key: readings for (_, key), readings in self._completed.items()}
        previous = {group.key: other_versions[group.key] for group in groups if group.key in other_versions}
        service = ReadingService(detector, options=ReadingOptions(keep_scan=True))
        self._job = ReadingJob(service, groups, previous, check_connection())
        self._job_skipped = service.skipped
        self._job.wait(_INITIAL_WAIT)
        self.collect()

    def _drop_removed(self, present_keys: set[str]) -> None:
        """Drop the results of files that are no longer uploaded."""
        removed = [key for key in self._completed if key[1] not in present_keys]
        for key in removed:
            del self._completed[key]
        self._skipped = {key: scans for key, scans in self._skipped.items() if key in present_keys}
        self._studies = {key: study for key, study in self._studies.items() if key in present_keys}
        self._counts = {key: count for key, count in self._counts.items() if key in present_keys}
        if not present_keys:
            self.chosen_id = self.last_edited_id = ""
            self._compared_detections.clear()
            self._previous_edits.clear()
        if removed:
            trim_memory()

    def _job_matches(self, job: ReadingJob, missing: Sequence[FileGroup]) -> bool:
        """Whether a job reads exactly the missing groups, including those it finished since `collect`."""
        missing_keys = {group.key for group in missing}
        job_keys = {key for key in job.readings if (job.version, key) not in self._completed}
        return bool(missing_keys) and job.version == self._version and job_keys == missing_keys

    def collect(self) -> None:
        """Take over completed results from the job, and keep it alive."""
        if self._job is not None:
            self._job.keep_alive()
            self._counts |= self._job.counts
            for key in sorted(self._job.completed):
                self._completed.setdefault((self._job.version, key), self._job.readings[key])
                # The first version decodes the files; later ones use its scans, and skip nothing.
                self._skipped.setdefault(key, self._job_skipped.get(key, []))

    def restore(self, readings: Sequence[Reading]) -> None:
        """Add the readings of an earlier visit, all by one version; an empty sequence removes them."""
        group = FileGroup((), group_id(readings[0].id), GroupKind.MULTI_SLICE) if readings else None
        self._restored = [group] if group else []
        if group:
            self._completed[readings[0].version, group.key] = list(readings)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read or to show."""
        return not self._file_groups

    def readings(self) -> list[Reading]:
        """Return all readings so far, in the order of the upload."""
        return [reading for group in self._file_groups for reading in self._group_readings(group)]

    def has(self, reading_id: str) -> bool:
        """Whether a reading with this ID is among the readings so far."""
        return any(reading.id == reading_id for reading in self.readings())

    def _group_readings(self, group: FileGroup) -> list[Reading]:
        partial = self._job.readings if self._job is not None and self._job.version == self._version else {}
        return list(self._completed.get((self._version, group.key), partial.get(group.key, [])))

    def studies(self, rule: StudyRule) -> list[StudyResult]:
        """Return the answers for the series and volumes that were read to the end, in the order of the upload."""
        results = []
        for group in self._file_groups:
            readings, is_complete = self._group_readings(group), (self._version, group.key) in self._completed
            state = self._version, is_complete, [reading.row["timestamp"] for reading in readings]
            if group.key not in self._studies or self._studies[group.key][0] != state:
                self._studies[group.key] = state, collect_studies(readings, rule, is_complete=is_complete)
            results += self._studies[group.key][1]
        return results

    def preliminary(self) -> list[tuple[str, StudyReading]]:
        """Return names and preliminary verdicts of the series and volumes that are still being read."""
        if self._job is None or self._job.version != self._version:
            return []
        return [
            (group.files[0].name if len(group.files) == 1 else pluralize(len(group.files), "file"), reading)
            for group in self._file_groups
            if (reading := self._job.preliminary.get(group.key)) and (self._version, group.key) not in self._completed
        ]

    def skipped(self) -> list[SkippedScan]:
        """Return the files and slices skipped so far, in the order of the upload."""
        by_group = (self._skipped.get(group.key) or self._job_skipped.get(group.key, []) for group in self._file_groups)
        return [scan for scans in by_group for scan in list(scans)]

    def removed_ids(self, slice_ids: Iterable[str]) -> set[str]:
        """Return the slice IDs whose files are no longer uploaded.

        Until some version has read a file to the end, its slices count as present: a reader's finding must not be lost
        because another version was stopped before it reached the slice.
        """
        ids_by_key = {key: {reading.id for reading in readings} for (_, key), readings in self._completed.items()}
        ids_by_group = {group.id: ids_by_key.get(group.key) for group in self._file_groups}

        def is_present(slice_id: str) -> bool:
            ids = ids_by_group.get(group_id(slice_id), set())
            return ids is None or slice_id in ids

        return {slice_id for slice_id in slice_ids if not is_present(slice_id)}

    def progress(self) -> ReadingProgress:
        """Count the files and slices read so far."""
        completed = [group for group in self._file_groups if (self._version, group.key) in self._completed]
        counts = {group.key: self._counts.get(group.key, SliceCount()) for group in self._file_groups}
        read = sum(count.done for count in counts.values())
        read += sum(counts[group.key].total - counts[group.key].done for group in completed)
        return ReadingProgress(
            sum(len(group.files) for group in completed),
            sum(len(group.files) for group in self._file_groups),
            read,
            self._job is not None and self._job.is_running,
            sum(count.total for count in counts.values()),
            None if self._job is None else self._job.progress.seconds_left,
        )

    def stop(self) -> None:
        """Stop reading; results stay until the files or the version change."""
        self._is_stopped = True
        if self._job is not None:
            self._job.stop()

    def resume(self) -> None:
        """Continue after a stop."""
        self._is_stopped, self._job = False, None

    def detect_compared(self, detector: Detector, reading: Reading) -> Detection | None:
        """Return the result of another version for a scan as it was read; None for an unreadable file."""
        key = (detector.version, reading.id, reading.shown_edit)
        if reading.compressed_scan is not None and key not in self._compared_detections:
            # Both versions share the displayed scan, so the second one must not turn it.
            scan = replace(reading.compressed_scan.to_scan(), is_oriented=True)
            self._compared_detections[key] = detector.detect(scan)
            while len(self._compared_detections) > _MAX_COMPARED:
                del self._compared_detections[next(iter(self._compared_detections))]
        return self._compared_detections.get(key)

    def edit(self, detector: Detector, reading: Reading, edit: ScanEdit) -> None:
        """Read a slice again as the reader changed it."""
        if reading.source_scan is None:
            return
        self._previous_edits.setdefault(reading.id, []).append(reading.edit)
        self._reread(detector, reading, edit)

    def undo_edit(self, detector: Detector, reading: Reading) -> None:
        """Return to the edit before the last one, or undo the detected turn of a scan without edits."""
        if previous := self._previous_edits.get(reading.id):
            self._reread(detector, reading, previous.pop())
        elif reading.detection is not None and reading.detection.turn:
            self.edit(detector, reading, reading.edit.turned(0))

    def can_undo(self, reading: Reading) -> bool:
        """Whether `undo_edit` changes anything."""
        return bool(self._previous_edits.get(reading.id)) or bool(reading.detection and reading.detection.turn)

    def _reread(self, detector: Detector, reading: Reading, edit: ScanEdit) -> None:
        with INFERENCE_SLOTS:
            self.last_edited_id = reading.id
            result = ReadingService(detector, options=ReadingOptions(keep_scan=True)).reread(reading, edit)
        partial = {} if self._job is None else {(self._job.version, k): v for k, v in self._job.readings.items()}
        for (version, key), readings in {**partial, **self._completed}.items():
            for index, each in enumerate(readings):
                if each.id == reading.id and version == result.version:
                    readings[index] = result
                elif each.id == reading.id:  # other versions must read the edited scan, too
                    self._completed.pop((version, key), None)


def current_session() -> ReadingSession:
    """Return the readings of this browser session."""
    session: ReadingSession | None = st.session_state.get(SESSION_KEY)
    if session is None:
        session = st.session_state[SESSION_KEY] = ReadingSession()
    return session
