"""Read files in a background thread, with progress and cancellation."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from braintumor.inference.study.reading import StudyReading
from braintumor.services.file_groups import FileGroup, smallest_first
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading
from braintumor.services.slice_count import SliceCount, estimate_slices

# Seconds. A page that shows a job polls it several times a second; the page of a closed browser does not.
IDLE_TIMEOUT: Final = 60.0
# Slices. A smaller group is read to the end as soon; a larger one has too many parts to read ahead.
_READ_AHEAD: Final = range(60, 2000)
# All jobs together keep every core busy, and no more than that.
INFERENCE_SLOTS: Final = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


@dataclass(frozen=True, slots=True)
class ReadingProgress:
    """How many files and slices have been read.

    Attributes
    ----------
    slices, total_slices : int
        Slices read and slices in the files, blank ones included; see `SliceCount`.
    seconds_left : float or None
        Estimated time to the end; None until the speed is known.
    """

    files_read: int
    total_files: int
    slices: int
    is_running: bool
    total_slices: int = 0
    seconds_left: float | None = None

    @property
    def is_stopped(self) -> bool:
        """Whether reading was stopped before the last file."""
        return not self.is_running and self.files_read < self.total_files


class ReadingJob:
    """Reads groups of files, small ones first, until done, stopped, or neither polled nor wanted any more.

    Parameters
    ----------
    previous : mapping of group key to readings, optional
        Results of another version; their scans are used instead of decoding the files again.
    is_wanted : callable, optional
        Asked after `IDLE_TIMEOUT` seconds without a poll: whether to read on, as while the visitor is on another page.

    Attributes
    ----------
    readings : dict of group key to list of Reading
        Results so far, in order.
    completed : set of group keys
        Groups that have been read to the end.
    counts : dict of group key to SliceCount
        Slices so far.
    preliminary : dict of group key to StudyReading
        Verdicts on large series and volumes from part of their slices, known before the others are read.
    """

    def __init__(
        self,
        service: ReadingService,
        groups: Sequence[FileGroup],
        previous: Mapping[str, Sequence[Reading]] | None = None,
        is_wanted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.version = service.version
        self.readings: dict[str, list[Reading]] = {group.key: [] for group in groups}
        self.completed: set[str] = set()
        self.counts = {group.key: SliceCount() for group in groups}
        self.preliminary: dict[str, StudyReading] = {}
        self._file_counts = {group.key: len(group.files) for group in groups}
        self._stop = threading.Event()
        self._last_poll = time.monotonic()
        self._is_wanted = is_wanted
        self._first: tuple[float, int] | None = None  # when the first slice was read, and how many were then
        self._thread = threading.Thread(
            target=self._run, args=(service, list(groups), dict(previous or {})), name="reading-job", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether more results are coming."""
        return self._thread.is_alive() and not self._stop.is_set()

    @property
    def progress(self) -> ReadingProgress:
        """Counts so far."""
        done, total = self._slices_done(), sum(count.total for count in self.counts.values())
        return ReadingProgress(
            sum(self._file_counts[key] for key in tuple(self.completed)),
            sum(self._file_counts.values()),
            done,
            self.is_running,
            total,
            self._estimate_seconds_left(done, total),
        )

    def _slices_done(self) -> int:
        return sum(count.done for count in self.counts.values())

    def _estimate_seconds_left(self, done: int, total: int) -> float | None:
        """Estimate by the speed since the first slice: opening the files takes longer for some formats than others."""
        start, first = self._first or (0.0, done)
        return (time.monotonic() - start) / (done - first) * (total - done) if done > first else None

    def keep_alive(self) -> None:
        """Reset the idle timeout."""
        self._last_poll = time.monotonic()

    def stop(self) -> None:
        """Stop after the current slice."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until the job ends, at most this long."""
        self._thread.join(seconds)

    # The service and the files are arguments, so that nothing refers to them once the thread has ended.
    def _run(self, service: ReadingService, groups: list[FileGroup], previous: dict[str, Sequence[Reading]]) -> None:
        for group in groups:
            self.counts[group.key].expected = estimate_slices(group, service.settings, previous.get(group.key, ()))
        for group in smallest_first(groups):
            if self.counts[group.key].expected in _READ_AHEAD and group.key not in previous:
                self._read_ahead(service, group)
            with closing(service.read([group], {group.key: previous.pop(group.key, ())})) as readings:
                while not self._should_stop():
                    with INFERENCE_SLOTS:
                        reading = next(readings, None)
                    if reading is None:
                        self.counts[group.key].finish()
                        self.completed.add(group.key)
                        break
                    self.readings[group.key].append(reading)
                    self.counts[group.key].add(reading)
                    self._first = self._first or (time.monotonic(), self._slices_done())

    def _read_ahead(self, service: ReadingService, group: FileGroup) -> None:
        with INFERENCE_SLOTS:
            reading = service.read_ahead(group)
        if reading is not None and reading.verdict.has_result:
            self.preliminary[group.key] = reading

    def _should_stop(self) -> bool:
        if not self._stop.is_set() and time.monotonic() - self._last_poll > IDLE_TIMEOUT and self._is_wanted():
            self.keep_alive()
        return self._stop.is_set() or time.monotonic() - self._last_poll > IDLE_TIMEOUT
