"""Job: reads the uploaded files in a thread of its own, so that the page shows each as it is done and stays usable."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from app_pages.components.detection.readings import FileGroup, Reading, read_group
from braintumor.inference import Detector

# A page that shows a job asks for news several times a second; one that is gone does not.
IDLE_TIMEOUT: Final = 60.0
# All visitors together keep every core busy, and no more than that.
INFERENCE_SLOTS: Final = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


class Job:
    """Reads units one after the other until done, told to stop, or abandoned by its page.

    Parameters
    ----------
    before : mapping
        By unit, what another version made of it; its pictures are read then, and no file is decoded again.
    """

    def __init__(
        self, detector: Detector, file_groups: Sequence[FileGroup], previous: Mapping[str, Sequence[Reading]]
    ) -> None:
        self.version = detector.version
        self.readings: dict[str, list[Reading]] = {unit.key: [] for unit in file_groups}
        self.completed: set[str] = set()
        self._stop = threading.Event()
        self._last_alive = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(detector, list(file_groups), dict(previous)), name="reading-room", daemon=True
        )
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive() and not self._stop.is_set()

    def keep_alive(self) -> None:
        """Say that somebody still waits for this."""
        self._last_alive = time.monotonic()

    def stop(self) -> None:
        """Read no further slice."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until it is done, at most some seconds."""
        self._thread.join(seconds)

    # Files and the model are arguments, so that nothing holds them once the thread has ended.
    def _run(self, detector: Detector, file_groups: list[FileGroup], previous: dict[str, Sequence[Reading]]) -> None:
        for unit in file_groups:
            readings = read_group(detector, unit, previous.pop(unit.key, ()))
            while not self._should_stop():
                with INFERENCE_SLOTS:
                    reading = next(readings, None)
                if reading is None:
                    self.completed.add(unit.key)
                    break
                self.readings[unit.key].append(reading)

    def _should_stop(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._last_alive > IDLE_TIMEOUT
