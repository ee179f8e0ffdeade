"""kill -9 of web server and worker at random moments: nothing acknowledged is lost, and nothing is left over.

BRAINTUMOR_KILLS=100 sets the number of moments.
"""

import os
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import update

from braintumor.auth.api_tokens import Scope, create_token
from braintumor.db.audit import AuditHead, read_head
from braintumor.db.blob_rows import referenced_hashes
from braintumor.db.jobs.ending import tidy_jobs
from braintumor.db.jobs.submissions import add_scans, begin_job, find_unread_scans, list_items, list_jobs, submit_job
from braintumor.db.maintenance.check import check
from braintumor.db.records import read_stored_scan
from braintumor.db.search import SearchQuery, export_records
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Job, JobState
from braintumor.db.tables.base import now
from braintumor.errors import RecordError
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs import read_again
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker
from braintumor.services.records.reading_record import hash_card
from braintumor.settings import Settings
from tests.helpers.api import model_outputs
from tests.helpers.api.kills import FILES, INTERVALS, answer_requests, fork_server, run_until_killed, work
from tests.helpers.storage.fixtures import BOTH, empty_data, reader, servers, storage, storage_values
from tests.helpers.storage.kills import kill_count

__all__ = ["empty_data", "model_outputs", "reader", "servers", "storage"]

pytestmark = pytest.mark.slow


@pytest.fixture(params=BOTH)
def values(request: pytest.FixtureRequest, model_outputs: Path, tmp_path: Path) -> dict[str, Any]:
    """Settings of a server whose deletions are final at once."""
    fixed = {"outputs": model_outputs, "version": "v4", "accounts": True, "worker_thread": False, "restore_days": 0}
    return {**storage_values(request, tmp_path), **fixed, "threads": 1}


@pytest.fixture
def settings(values: dict[str, Any]) -> Settings:
    return Settings(**values)


def test_kills_lose_nothing_acknowledged(values: dict[str, Any], storage: Storage, reader: Actor) -> None:
    processes, detectors = fork_server(), DetectorPool(storage.settings)
    variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    token = create_token(storage, reader, "test", {Scope.READ, Scope.WRITE}, 1)
    acknowledged: dict[str, set[UUID]] = defaultdict(set)
    heads = []
    for seed in range(kill_count(10)):
        share = np.random.default_rng(seed).uniform(0, 3)
        if seed % 2:
            run_until_killed(processes, share, work, values, variables)
        else:
            for kind, text in run_until_killed(processes, share, answer_requests, values, variables, token, seed):
                acknowledged[kind].add(UUID(text))
            acknowledged["job"] |= _read_again(storage, reader, detectors)
        _pass_hours(storage)
        heads.append(_note_head(storage))
    _finish(storage, detectors)
    _check_jobs(storage, reader, acknowledged["job"])
    _check_records(storage, reader, acknowledged)
    _check_storage(storage, heads)
    print({kind: len(ids) for kind, ids in acknowledged.items()}, heads[-1].number, "entries in the audit log")  # noqa: T201


def _read_again(storage: Storage, reader: Actor, detectors: DetectorPool) -> set[UUID]:
    """Submit a job that reads a few stored scans with another version."""
    scans = find_unread_scans(storage, reader, "v3", hash_card(detectors.get("v3").artifact))[:FILES]
    try:
        job_id = begin_job(storage, reader, read_again.KIND, {"version": "v3"})
    except RecordError:  # too many open jobs
        return set()
    add_scans(storage, reader, job_id, scans)
    submit_job(storage, reader, job_id)
    return {job_id}


def _note_head(storage: Storage) -> AuditHead:
    with storage.database.read() as session:
        return read_head(session)


def _pass_hours(storage: Storage) -> None:
    """Let the heartbeats of the killed processes become old, so that workers take over jobs and remove uploads."""
    with storage.database.write() as session:
        session.execute(
            update(Job).where(Job.heartbeat_at.is_not(None)).values(heartbeat_at=now() - timedelta(hours=3))
        )


def _finish(storage: Storage, detectors: DetectorPool) -> None:
    """Do the rest, as a worker does after a restart."""
    worker = Worker(storage, detectors, JobQueue(storage), INTERVALS)
    _pass_hours(storage)
    while worker.run_once():
        pass


def _check_jobs(storage: Storage, reader: Actor, acknowledged: set[UUID]) -> None:
    jobs = {job.id: job for job in list_jobs(storage, reader, rows=1_000)}
    assert acknowledged <= set(jobs)
    for job_id in acknowledged:
        errors = [item.error for item in list_items(storage, reader, job_id) if item.error]
        assert (jobs[job_id].state, jobs[job_id].done, errors) == (JobState.DONE, jobs[job_id].total, [])


def _check_records(storage: Storage, reader: Actor, acknowledged: dict[str, set[UUID]]) -> None:
    records = list(export_records(storage, reader, SearchQuery()))
    present = {record.scan_id for record in records}
    assert acknowledged["saved"] - acknowledged["deleting"] <= present
    assert not acknowledged["deleted"] & present
    assert len(records) == len({(record.name, record.sha256, record.version) for record in records})
    for scan_id in present:
        assert read_stored_scan(storage, reader, scan_id).content


def _check_storage(storage: Storage, heads: list[AuditHead]) -> None:
    tidy_jobs(storage)
    check(storage, *heads, repair=True)
    assert check(storage, *heads).problems == []
    with storage.database.read() as session:
        needed = set(session.scalars(referenced_hashes()))
    assert set(storage.blobs.iter_hashes()) == needed
