"""The worker: does one job after the other, and once a day what has to be done daily."""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from braintumor.db.deletion import purge
from braintumor.db.idempotency import forget_old_requests
from braintumor.db.jobs.ending import tidy_jobs
from braintumor.db.jobs.leases import (
    STALE_SECONDS,
    JobCancelledError,
    Lease,
    LeaseLostError,
    claim_job,
    finish_job,
    release_job,
)
from braintumor.db.storage import Storage
from braintumor.db.tables import JobState
from braintumor.errors import BrainTumorError, StorageError
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs import read_again, read_upload
from braintumor.jobs.context import JobContext, WorkerStoppedError
from braintumor.jobs.queue import JobQueue

_LOGGER: Final = logging.getLogger(__name__)
_DAY: Final = 24 * 3_600.0
_MAX_FAILURES: Final = 10
_BUG: Final = "The job stopped because of an unexpected error. Please report this bug."
_KINDS: Final[Mapping[str, Callable[[JobContext], None]]] = {
    read_upload.KIND: read_upload.read_upload,
    read_again.KIND: read_again.read_stored_scans,
}


@dataclass(frozen=True, slots=True)
class WorkerIntervals:
    """How often a worker shows that it is alive and looks for jobs, in seconds.

    A job whose worker has given no sign of life for `stale` seconds is taken over.
    """

    heartbeat: float = 5.0
    stale: float = STALE_SECONDS
    poll: float = 5.0


class Worker:
    """Does jobs until it is stopped.

    Parameters
    ----------
    storage : Storage
    detectors : DetectorPool
    queue : JobQueue
    intervals : WorkerIntervals
    """

    def __init__(
        self, storage: Storage, detectors: DetectorPool, queue: JobQueue, intervals: WorkerIntervals | None = None
    ) -> None:
        self._storage, self._detectors, self._queue, self._intervals = (
            storage,
            detectors,
            queue,
            intervals or WorkerIntervals(),
        )
        self._name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in a thread of this process."""
        self._thread = threading.Thread(target=self.run, name="job-worker", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """End after the current slice, at most this much later; the job is given back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def run(self) -> None:
        """Work until `stop` is called."""
        next_tidying = 0.0
        while not self._stop.is_set():
            try:
                if time.monotonic() >= next_tidying:
                    next_tidying = time.monotonic() + _DAY
                    tidy(self._storage)
                if not self.run_once():
                    self._queue.wait(self._intervals.poll)
            except Exception:  # such as a database that is being restarted
                _LOGGER.exception("The worker cannot reach its storage")
                self._stop.wait(self._intervals.poll)

    def run_once(self) -> bool:
        """Do the next job, if there is one, and return whether there was."""
        lease = claim_job(self._storage, self._name, self._intervals.stale)
        if lease is None:
            return False
        job = JobContext(self._storage, lease, self._detectors, self._stop, self._intervals.heartbeat)
        try:
            with job:
                _KINDS[lease.kind](job)
            finish_job(self._storage, lease, JobState.DONE)
        except LeaseLostError:
            _LOGGER.warning("A job was taken over by another worker")
        except JobCancelledError:
            finish_job(self._storage, lease, JobState.CANCELLED)
        except WorkerStoppedError:
            release_job(self._storage, lease)
        except Exception as error:
            self._fail(lease, error)
        return True

    def _fail(self, lease: Lease, error: Exception) -> None:
        _LOGGER.warning("A job failed", exc_info=error)
        if isinstance(error, StorageError) and lease.attempt < _MAX_FAILURES:
            self._stop.wait(self._intervals.poll)
            release_job(self._storage, lease)  # the storage may be back soon
            return
        text = str(error) if isinstance(error, BrainTumorError) else _BUG
        finish_job(self._storage, lease, JobState.FAILED, text)


def tidy(storage: Storage) -> None:
    """Remove what has to go: old deleted records, old jobs and uploads, old idempotency keys."""
    purge(storage)
    tidy_jobs(storage)
    forget_old_requests(storage)
