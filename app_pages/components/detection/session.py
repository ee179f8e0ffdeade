"""Room: all readings of one visit, by version; files that are removed take theirs with them. Plain memory, no file."""

import ctypes
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.detection.reading_job import Job
from app_pages.components.detection.readings import FileGroup, Reading, group_files, group_id
from braintumor.inference import Detection, Detector


def trim_memory() -> None:
    """Ask the C library to return what is free. Only glibc hoards and can be asked; elsewhere nothing happens.

    Scans are read in threads, and glibc keeps a store of freed memory for each: visit by visit they fill.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return


_SESSION_KEY: Final = "reading-room"
# What a scan or two take: they are awaited, rather than drawn a moment after an empty room.
_INITIAL_WAIT: Final = 0.35
# Answers of a second version that are kept.
_MAX_COMPARED: Final = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading has come, in files and in slices."""

    files_read: int
    total_files: int
    slices: int
    is_running: bool

    @property
    def is_stopped(self) -> bool:
        """Whether there is more to read that nobody reads now."""
        return not self.is_running and self.files_read < self.total_files


class ReadingSession:
    """Readings of the files that are uploaded now, and the job that makes them."""

    def __init__(self) -> None:
        self._file_groups: list[FileGroup] = []
        self._completed: dict[tuple[str, str], list[Reading]] = {}
        self._job: Job | None = None
        self._is_stopped = False
        self._version = ""
        self._compared_detections: dict[tuple[str, str], Detection] = {}

    def sync_files(self, detector: Detector, files: Sequence[UploadedFile]) -> None:
        """Read what this version has not read; forget what is no longer there."""
        units = group_files(files)
        if (detector.version, [u.key for u in units]) != (self._version, [u.key for u in self._file_groups]):
            self._is_stopped = False
        self._version, self._file_groups = detector.version, units
        # Asked before what is done is taken over: a job that ends in between is asked again on the next run.
        works = self._job is not None and (self._job.is_running or self._is_stopped)
        self.collect()
        self._drop_removed({unit.key for unit in units})
        missing = [unit for unit in units if (self._version, unit.key) not in self._completed]
        if self._job is not None and not (works and self._job_matches(self._job, missing)):
            self._job.stop()
            self._job = None
        if missing and self._job is None and not self._is_stopped:
            others = {key: found for (_, key), found in self._completed.items()}
            self._job = Job(detector, missing, {u.key: others[u.key] for u in missing if u.key in others})
            self._job.wait(_INITIAL_WAIT)
            self.collect()

    def _drop_removed(self, present_keys: set[str]) -> None:
        """Let go of what was read of files that are no longer there."""
        gone = [key for key in self._completed if key[1] not in present_keys]
        for key in gone:
            del self._completed[key]
        if not present_keys:
            self._compared_detections.clear()
        if gone:
            trim_memory()

    def _job_matches(self, job: Job, missing: Sequence[FileGroup]) -> bool:
        """Whether a job reads just what is missing; what it finished since it was last asked counts as missing."""
        wanted = {unit.key for unit in missing}
        reading = {key for key in job.readings if (job.version, key) not in self._completed}
        return bool(wanted) and job.version == self._version and reading == wanted

    def collect(self) -> None:
        """Take over what the job has finished, and tell it that somebody waits."""
        if self._job is not None:
            self._job.keep_alive()
            for key in sorted(self._job.completed):
                self._completed.setdefault((self._job.version, key), self._job.readings[key])

    def readings(self) -> list[Reading]:
        """All there are by now, in the order of the upload."""
        part = self._job.readings if self._job is not None and self._job.version == self._version else {}
        found = (self._completed.get((self._version, unit.key), part.get(unit.key, [])) for unit in self._file_groups)
        return [reading for readings in found for reading in list(readings)]

    def removed_ids(self, slice_ids: Iterable[str]) -> set[str]:
        """Those of some slices, by their ids, whose files are no longer there.

        Until some version has read its file to the end, a slice counts as there: what a reader said of it must not go
        because another version was stopped before it.
        """
        read = {key: {reading.id for reading in found} for (_, key), found in self._completed.items()}
        known = {unit.name: read.get(unit.key) for unit in self._file_groups}

        def there(one: str) -> bool:
            within = known.get(group_id(one), set())
            return within is None or one in within

        return {one for one in slice_ids if not there(one)}

    def progress(self) -> Progress:
        """How far it has come."""
        read = sum(len(unit.files) for unit in self._file_groups if (self._version, unit.key) in self._completed)
        whole = sum(len(unit.files) for unit in self._file_groups)
        return Progress(read, whole, len(self.readings()), self._job is not None and self._job.is_running)

    def stop(self) -> None:
        """Read no further; what was read stays, until files or version change."""
        self._is_stopped = True
        if self._job is not None:
            self._job.stop()

    def resume(self) -> None:
        """Read on after a stop."""
        self._is_stopped, self._job = False, None

    def detect_compared(self, detector: Detector, reading: Reading) -> Detection | None:
        """What another version says of a scan; None of a file that cannot be read."""
        key = (detector.version, reading.id)
        if reading.compressed_scan is not None and key not in self._compared_detections:
            self._compared_detections[key] = detector.detect(reading.compressed_scan.to_scan())
            while len(self._compared_detections) > _MAX_COMPARED:
                del self._compared_detections[next(iter(self._compared_detections))]
        return self._compared_detections.get(key)


def current_session() -> ReadingSession:
    """The room of this visit."""
    if _SESSION_KEY not in st.session_state:
        st.session_state[_SESSION_KEY] = ReadingSession()
    found: ReadingSession = st.session_state[_SESSION_KEY]
    return found
