"""A job being done: its lease is renewed in the background, and it ends when it is cancelled or lost."""

import logging
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from braintumor.db.jobs.leases import JobCancelledError, Lease, LeaseLostError, keep_alive
from braintumor.db.storage import Storage
from braintumor.errors import StorageError
from braintumor.inference.detector_pool import DetectorPool

_LOGGER: Final = logging.getLogger(__name__)


class WorkerStoppedError(Exception):
    """The worker is to end; the job is given back."""


@dataclass(slots=True)
class JobContext:
    """What a function needs to do a job.

    Parameters
    ----------
    storage : Storage
    lease : Lease
    detectors : DetectorPool
    stop : Event
        Set when the worker is to end.
    heartbeat_seconds : float
    """

    storage: Storage
    lease: Lease
    detectors: DetectorPool
    stop: threading.Event
    heartbeat_seconds: float
    _over: threading.Event = field(default_factory=threading.Event)
    _reason: JobCancelledError | LeaseLostError | None = None
    _thread: threading.Thread | None = None

    def check(self) -> None:
        """Return if the work is to go on. Call it between two slices.

        Raises
        ------
        JobCancelledError, LeaseLostError, WorkerStoppedError
        """
        if self._reason is not None:
            raise self._reason
        if self.stop.is_set():
            raise WorkerStoppedError

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._beat, name="job-heartbeat", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self.heartbeat_seconds):
            try:
                keep_alive(self.storage, self.lease)
            except (JobCancelledError, LeaseLostError) as reason:
                self._reason = reason
                return
            except StorageError:  # the next beat may reach the database again
                _LOGGER.warning("The heartbeat of a job cannot be written", exc_info=True)
