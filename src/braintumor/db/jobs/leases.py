"""Jobs as workers see them: one worker holds a job at a time, as long as its heartbeat is fresh.

Whatever a worker writes about a job is checked against its lease, so that one that was thought dead, and whose job
another worker has taken over, changes nothing any more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from braintumor.db.blob_rows import insert
from braintumor.db.jobs.ending import count_items, end_job
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Job, JobItem, JobReading, JobState, User
from braintumor.db.tables.base import now
from braintumor.errors import StorageError

STALE_SECONDS: Final = 30.0
_MAX_ATTEMPTS: Final = 5
_OFTEN_KILLED: Final = (
    "The worker stopped several times while reading this file. The file may be too large: send it on its own."
)


class LeaseLostError(StorageError):
    """The job was taken over by another worker, or deleted with its user."""


class JobCancelledError(StorageError):
    """The user has cancelled the job."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that a worker holds. `attempt` distinguishes its holders."""

    job_id: UUID
    actor: Actor
    kind: str
    options: dict[str, Any]
    worker: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Item:
    """One file or scan of a job."""

    position: int
    name: str
    blob_sha256: str | None
    scan_id: UUID | None
    state: JobState


def claim_job(storage: Storage, worker: str, stale_seconds: float = STALE_SECONDS) -> Lease | None:
    """Take a job that waits, or whose worker is dead, the oldest first; None if there is none."""
    time = now()
    is_waiting = Job.state == JobState.QUEUED
    is_stale = and_(Job.state == JobState.RUNNING, Job.heartbeat_at <= time - timedelta(seconds=stale_seconds))
    # Fewest attempts first, so that a job that ends its workers does not hold back the others.
    next_job = select(Job).where(or_(is_waiting, is_stale)).order_by(Job.attempts, Job.id).limit(1)
    with storage.database.read() as session:  # a look costs no write lock
        if session.scalar(next_job) is None:
            return None
    with storage.database.write() as session:
        job = session.scalar(next_job.with_for_update(skip_locked=True))
        if job is None:
            return None
        job.state, job.worker, job.attempts, job.heartbeat_at = JobState.RUNNING, worker, job.attempts + 1, time
        job.started_at = job.started_at or time
        role = session.get_one(User, job.owner_id).role
        return Lease(job.id, Actor(job.owner_id, role), job.kind, dict(job.options), worker, job.attempts)


def keep_alive(storage: Storage, lease: Lease) -> None:
    """Renew the heartbeat.

    Raises
    ------
    LeaseLostError
    JobCancelledError
    """
    with storage.database.write() as session:
        job = _require_lease(session, lease)
        job.heartbeat_at = now()
        if job.cancel_requested_at is not None:
            raise JobCancelledError("The job was cancelled.")


def read_items(storage: Storage, lease: Lease) -> list[Item]:
    """Return all files or scans of the job in order; those that are over keep their state."""
    with storage.database.read() as session:
        items = session.scalars(select(JobItem).where(JobItem.job_id == lease.job_id).order_by(JobItem.position))
        return [Item(item.position, item.name, item.blob_sha256, item.scan_id, item.state) for item in items]


def begin_items(storage: Storage, lease: Lease, positions: Collection[int]) -> bool:
    """Count an attempt; False if these items have ended their worker too often, and are therefore given up."""
    with storage.database.write() as session:
        job = _require_lease(session, lease)
        chosen = (JobItem.job_id == lease.job_id, JobItem.position.in_(positions))
        items = session.scalars(select(JobItem).where(*chosen)).all()
        given_up = any(item.attempts >= _MAX_ATTEMPTS for item in items)
        for item in items:
            item.attempts += 1
            item.state = JobState.FAILED if given_up else JobState.RUNNING
            item.error = _OFTEN_KILLED if given_up else ""
        session.flush()
        count_items(session, job)
    return not given_up


def add_readings(storage: Storage, lease: Lease, readings: Sequence[tuple[UUID, int]]) -> None:
    """Note saved readings of the job, as their ids and the positions of their files; those noted already stay."""
    with storage.database.write() as session:
        _require_lease(session, lease)
        for reading_id, position in readings:
            values = {"job_id": lease.job_id, "reading_id": reading_id, "position": position}
            session.execute(insert(session, JobReading).values(**values).on_conflict_do_nothing())


def finish_items(
    storage: Storage,
    lease: Lease,
    errors: dict[int, str],
    group: str = "",
    rows: Sequence[dict[str, Any]] = (),
) -> None:
    """End items, which failed if they have an error.

    Parameters
    ----------
    errors : dict of int to str
        Error by position; empty for items that were read.
    group, rows : str and sequence of dict
        Rows of the CSV that belong to no saved reading, and the key of the files that they are about.
    """
    with storage.database.write() as session:
        job = _require_lease(session, lease)
        for position, error in errors.items():
            state = JobState.FAILED if error else JobState.DONE
            chosen = (JobItem.job_id == lease.job_id, JobItem.position == position)
            session.execute(update(JobItem).where(*chosen).values(state=state, error=error, finished_at=now()))
        if rows:
            job.summary = job.summary | {group: list(rows)}
        job.heartbeat_at = now()
        session.flush()
        count_items(session, job)


def finish_job(storage: Storage, lease: Lease, state: JobState, error: str = "") -> None:
    """End the job. An error is a sentence for its user."""
    with storage.database.write() as session:
        job = _require_lease(session, lease)
        end_job(session, job, state, error)
        counts = {"done": job.done, "failed": job.failed}
        storage.audit.append(session, lease.actor.id, f"job.{state}", f"job:{job.id}", **counts)


def _require_lease(session: Session, lease: Lease) -> Job:
    job = session.scalar(select(Job).where(Job.id == lease.job_id).with_for_update())
    holder = (JobState.RUNNING, lease.worker, lease.attempt)
    if job is None or (job.state, job.worker, job.attempts) != holder:
        raise LeaseLostError("The job was taken over by another worker.")
    return job


def release_job(storage: Storage, lease: Lease) -> None:
    """Give the job back, so that another worker begins it at once."""
    with storage.database.write() as session:
        job = _require_lease(session, lease)
        job.state, job.heartbeat_at = JobState.QUEUED, None
