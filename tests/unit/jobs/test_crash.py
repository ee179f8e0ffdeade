"""kill -9 of workers at random moments: every job that was acknowledged ends once, and every result is saved once."""

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.context import ForkServerContext
from uuid import UUID

import numpy as np
import pytest

from braintumor.db.jobs.ending import tidy_jobs
from braintumor.db.jobs.submissions import list_items, read_job
from braintumor.db.maintenance.check import check
from braintumor.db.search import SearchQuery, export_records
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import AuditEntry, JobState
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker, WorkerIntervals
from tests.helpers.api import scan_png
from tests.helpers.api.jobs import submit, work
from tests.helpers.storage.kills import kill_count

_INTERVALS = WorkerIntervals(heartbeat=0.1, stale=0.5, poll=0.05)
_FILES = 4


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start quickly, from one that has imported the package."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.helpers.api.jobs", "obstore.store"])
    return context


def _kill_a_worker(processes: ForkServerContext, storage: Storage, seed: int) -> None:
    receiver, sender = processes.Pipe(duplex=False)
    settings = storage.settings
    worker = processes.Process(target=work, args=(settings.data_dir, settings.outputs, _INTERVALS, sender))
    worker.start()
    sender.close()
    assert receiver.recv() == "ready"
    time.sleep(np.random.default_rng(seed).uniform(0, 0.6))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()


def _finish(storage: Storage, detectors: DetectorPool, jobs: list[UUID], actor: Actor) -> None:
    """Let a worker do the rest, as after a restart."""
    worker = Worker(storage, detectors, JobQueue(storage), _INTERVALS)
    thread = threading.Thread(target=worker.run)
    thread.start()
    while any(not read_job(storage, actor, job_id).is_over for job_id in jobs):
        time.sleep(0.05)
    worker.stop()
    thread.join()


def _survives_kills(
    processes: ForkServerContext, storage: Storage, reader: Actor, detectors: DetectorPool, kills: int
) -> None:
    jobs = []
    for seed in range(kills):
        files = {f"scan-{seed}-{number}": scan_png(seed * _FILES + number) for number in range(_FILES)}
        jobs.append(submit(storage, reader, **files))
        _kill_a_worker(processes, storage, seed)
    _finish(storage, detectors, jobs, reader)
    for job_id in jobs:
        job = read_job(storage, reader, job_id)
        errors = [item.error for item in list_items(storage, reader, job_id) if item.error]
        assert (job.state, job.done, job.readings, errors) == (JobState.DONE, _FILES, _FILES, [])
    records = list(export_records(storage, reader, SearchQuery()))
    assert len(records) == len({record.name for record in records}) == kills * _FILES
    tidy_jobs(storage)
    check(storage, repair=True)
    assert check(storage).problems == []
    with storage.database.read() as session:
        ends = session.query(AuditEntry).filter(AuditEntry.action == "job.done").count()
    assert ends == kills


@pytest.mark.slow
def test_kills_lose_no_job(
    processes: ForkServerContext, storage: Storage, reader: Actor, detectors: DetectorPool
) -> None:
    _survives_kills(processes, storage, reader, detectors, kill_count(10))
