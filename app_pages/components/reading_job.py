"""Job: reads the uploaded files in a thread of its own, so that the page shows each as it is done and stays usable."""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from app_pages.components.readings import Reading, Unit, read_unit
from braintumor.inference import Detector

# A page that shows a job asks for news several times a second; one that is gone does not.
_ABANDONED: Final = 60.0
# All visitors together keep every core busy, and no more than that.
_TURNS: Final = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


class Job:
    """Reads units one after the other until done, told to stop, or abandoned by its page.

    Parameters
    ----------
    before : mapping
        By unit, what another version made of it; its pictures are read then, and no file is decoded again.
    """

    def __init__(self, detector: Detector, units: Sequence[Unit], before: Mapping[str, Sequence[Reading]]) -> None:
        self.version = detector.version
        self.readings: dict[str, list[Reading]] = {unit.key: [] for unit in units}
        self.complete: set[str] = set()
        self._stop = threading.Event()
        self._seen = time.monotonic()
        self._thread = threading.Thread(
            target=self._run, args=(detector, list(units), dict(before)), name="reading-room", daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive() and not self._stop.is_set()

    def seen(self) -> None:
        """Say that somebody still waits for this."""
        self._seen = time.monotonic()

    def stop(self) -> None:
        """Read no further slice."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Wait until it is done, at most some seconds."""
        self._thread.join(seconds)

    # Files and the model are arguments, so that nothing holds them once the thread has ended.
    def _run(self, detector: Detector, units: list[Unit], before: dict[str, Sequence[Reading]]) -> None:
        for unit in units:
            readings = read_unit(detector, unit, before.pop(unit.key, ()))
            while not self._over():
                with _TURNS:
                    reading = next(readings, None)
                if reading is None:
                    self.complete.add(unit.key)
                    break
                self.readings[unit.key].append(reading)

    def _over(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._seen > _ABANDONED
