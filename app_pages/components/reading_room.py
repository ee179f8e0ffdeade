"""Room: all readings of one visit, by version; files that are removed take theirs with them. Plain memory, no file."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from app_pages.components.reading_job import Job
from app_pages.components.reading_memory import give_back
from app_pages.components.readings import Reading, Unit, unit_of, units_of
from braintumor.inference import Detection, Detector

_KEY: Final = "reading-room"
# What a scan or two take: they are awaited, rather than drawn a moment after an empty room.
_PATIENCE: Final = 0.35
# Answers of a second version that are kept.
_COMPARED: Final = 64


@dataclass(frozen=True, slots=True)
class Progress:
    """How far reading has come, in files and in slices."""

    files: int
    of: int
    slices: int
    running: bool

    @property
    def stopped(self) -> bool:
        """Whether there is more to read that nobody reads now."""
        return not self.running and self.files < self.of


class Room:
    """Readings of the files that are uploaded now, and the job that makes them."""

    def __init__(self) -> None:
        self._units: list[Unit] = []
        self._done: dict[tuple[str, str], list[Reading]] = {}
        self._job: Job | None = None
        self._halted = False
        self._version = ""
        self._compared: dict[tuple[str, str], Detection] = {}

    def take(self, detector: Detector, files: Sequence[UploadedFile]) -> None:
        """Read what this version has not read; forget what is no longer there."""
        units = units_of(files)
        if (detector.version, [u.key for u in units]) != (self._version, [u.key for u in self._units]):
            self._halted = False
        self._version, self._units = detector.version, units
        # Asked before what is done is taken over: a job that ends in between is asked again on the next run.
        works = self._job is not None and (self._job.running or self._halted)
        self.poll()
        self._forget({unit.key for unit in units})
        missing = [unit for unit in units if (self._version, unit.key) not in self._done]
        if self._job is not None and not (works and self._serves(self._job, missing)):
            self._job.stop()
            self._job = None
        if missing and self._job is None and not self._halted:
            others = {key: found for (_, key), found in self._done.items()}
            self._job = Job(detector, missing, {u.key: others[u.key] for u in missing if u.key in others})
            self._job.wait(_PATIENCE)
            self.poll()

    def _forget(self, present: set[str]) -> None:
        """Let go of what was read of files that are no longer there."""
        gone = [key for key in self._done if key[1] not in present]
        for key in gone:
            del self._done[key]
        if not present:
            self._compared.clear()
        if gone:
            give_back()

    def _serves(self, job: Job, missing: Sequence[Unit]) -> bool:
        """Whether a job reads just what is missing; what it finished since it was last asked counts as missing."""
        wanted = {unit.key for unit in missing}
        reading = {key for key in job.readings if (job.version, key) not in self._done}
        return bool(wanted) and job.version == self._version and reading == wanted

    def poll(self) -> None:
        """Take over what the job has finished, and tell it that somebody waits."""
        if self._job is not None:
            self._job.seen()
            for key in sorted(self._job.complete):
                self._done.setdefault((self._job.version, key), self._job.readings[key])

    def readings(self) -> list[Reading]:
        """All there are by now, in the order of the upload."""
        part = self._job.readings if self._job is not None and self._job.version == self._version else {}
        found = (self._done.get((self._version, unit.key), part.get(unit.key, [])) for unit in self._units)
        return [reading for readings in found for reading in list(readings)]

    def gone(self, slices: Iterable[str]) -> set[str]:
        """Those of some slices, by their ids, whose files are no longer there.

        Until some version has read its file to the end, a slice counts as there: what a reader said of it must not go
        because another version was stopped before it.
        """
        read = {key: {reading.id for reading in found} for (_, key), found in self._done.items()}
        known = {unit.name: read.get(unit.key) for unit in self._units}

        def there(one: str) -> bool:
            within = known.get(unit_of(one), set())
            return within is None or one in within

        return {one for one in slices if not there(one)}

    def progress(self) -> Progress:
        """How far it has come."""
        read = sum(len(unit.files) for unit in self._units if (self._version, unit.key) in self._done)
        whole = sum(len(unit.files) for unit in self._units)
        return Progress(read, whole, len(self.readings()), self._job is not None and self._job.running)

    def stop(self) -> None:
        """Read no further; what was read stays, until files or version change."""
        self._halted = True
        if self._job is not None:
            self._job.stop()

    def resume(self) -> None:
        """Read on after a stop."""
        self._halted, self._job = False, None

    def compared(self, detector: Detector, reading: Reading) -> Detection | None:
        """What another version says of a scan; None of a file that cannot be read."""
        key = (detector.version, reading.id)
        if reading.picture is not None and key not in self._compared:
            self._compared[key] = detector.detect(reading.picture.scan())
            while len(self._compared) > _COMPARED:
                del self._compared[next(iter(self._compared))]
        return self._compared.get(key)


def room() -> Room:
    """The room of this visit."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Room()
    found: Room = st.session_state[_KEY]
    return found
