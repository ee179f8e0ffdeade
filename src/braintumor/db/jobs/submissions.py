"""Jobs as their users see them: create, list, watch, cancel. Each function acts for a user, who sees only own jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from braintumor.db.blob_rows import store_blob
from braintumor.db.jobs.ending import end_job, is_over
from braintumor.db.overview.quota import require_space
from braintumor.db.records import clean_text
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Job, JobItem, JobReading, JobState, ReadingRow, ScanRow, new_id
from braintumor.db.tables.base import now
from braintumor.errors import NotFoundError, RecordError

_NOT_FOUND: Final = "There is no such job, or it belongs to another user."
_MAX_OPEN_JOBS: Final = 20
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class JobSummary:
    """State of a job.

    Attributes
    ----------
    done, failed, total : int
        Number of files or scans.
    readings : int
        Number of results so far.
    is_cancelling : bool
        Whether the user has cancelled it; the worker stops after the current slice.
    """

    id: UUID
    kind: str
    options: dict[str, Any]
    state: JobState
    done: int
    failed: int
    total: int
    readings: int
    is_cancelling: bool
    error: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    summary: dict[str, Any] = field(repr=False)

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return is_over(self.state)


@dataclass(frozen=True, slots=True)
class JobItemSummary:
    """State of one file or scan of a job."""

    position: int
    name: str
    state: JobState
    error: str


def begin_job(storage: Storage, actor: Actor, kind: str, options: dict[str, Any]) -> UUID:
    """Add a job that no worker begins before `submit_job`; add its items first.

    Raises
    ------
    RecordError
        The user has 20 jobs that are not over yet.
    """
    job = Job(id=new_id(), owner_id=actor.id, kind=kind, options=options, state=JobState.RECEIVING, heartbeat_at=now())
    with storage.database.write() as session:
        open_jobs = select(func.count()).select_from(Job).where(Job.owner_id == actor.id, Job.finished_at.is_(None))
        if (session.scalar(open_jobs) or 0) >= _MAX_OPEN_JOBS:
            raise RecordError(f"You have {_MAX_OPEN_JOBS} jobs that are not finished. Wait for them, or cancel some.")
        session.add(job)
    return job.id


def add_file(storage: Storage, actor: Actor, job_id: UUID, position: int, name: str, content: bytes) -> None:
    """Store a file of a job. When this returns, it is safe from a crash.

    Raises
    ------
    RecordError
        The user would store more than is allowed, or the job takes no more files.
    """
    with storage.database.write() as session:
        job = _require_receiving(session, actor, job_id)
        require_space(session, storage, actor, [content])
        sha256 = store_blob(session, storage.blobs, content, "application/octet-stream")
        session.add(JobItem(job_id=job_id, position=position, name=clean_text(name), blob_sha256=sha256))
        job.total, job.heartbeat_at = job.total + 1, now()


def add_scans(storage: Storage, actor: Actor, job_id: UUID, scans: Sequence[tuple[UUID, str]]) -> None:
    """Add stored scans to a job, as their ids and names."""
    for start in range(0, len(scans), _BATCH):
        values = [
            {"id": new_id(), "job_id": job_id, "position": start + index, "scan_id": scan_id, "name": name}
            for index, (scan_id, name) in enumerate(scans[start : start + _BATCH])
        ]
        with storage.database.write() as session:
            job = _require_receiving(session, actor, job_id)
            session.execute(insert(JobItem), values)
            job.total, job.heartbeat_at = job.total + len(values), now()


def find_unread_scans(storage: Storage, actor: Actor, version: str, card_sha256: str) -> list[tuple[UUID, str]]:
    """Return ids and names of the user's stored scans that a version with this card has not read, the oldest first."""
    same = (ReadingRow.scan_id == ScanRow.id, ReadingRow.version == version, ReadingRow.card_sha256 == card_sha256)
    stored = (ScanRow.owner_id == actor.id, ScanRow.deleted_at.is_(None), ScanRow.blob_sha256.is_not(None))
    statement = select(ScanRow.id, ScanRow.name).where(*stored, ~exists().where(*same)).order_by(ScanRow.id)
    with storage.database.read() as session:
        return [(scan_id, name) for scan_id, name in session.execute(statement)]


def submit_job(storage: Storage, actor: Actor, job_id: UUID) -> JobSummary:
    """Hand a job over to the workers. When this returns, it will be done."""
    with storage.database.write() as session:
        job = _require_receiving(session, actor, job_id)
        job.state, job.heartbeat_at = JobState.QUEUED, None
        session.flush()
        storage.audit.append(session, actor.id, "job.created", f"job:{job_id}", kind=job.kind, items=job.total)
        return _summarize(session, [job])[0]


def list_jobs(storage: Storage, actor: Actor, rows: int = 50, before: UUID | None = None) -> list[JobSummary]:
    """Return the user's jobs, the newest first; `before` is the last id of the previous page."""
    statement = select(Job).where(Job.owner_id == actor.id).order_by(Job.id.desc()).limit(rows)
    if before is not None:
        statement = statement.where(Job.id < before)
    with storage.database.read() as session:
        return _summarize(session, session.scalars(statement).all())


def read_job(storage: Storage, actor: Actor, job_id: UUID) -> JobSummary:
    """Return one job of the user.

    Raises
    ------
    NotFoundError
        The user has no such job.
    """
    with storage.database.read() as session:
        return _summarize(session, [_require_job(session, actor, job_id, lock=False)])[0]


def list_items(storage: Storage, actor: Actor, job_id: UUID, rows: int = 500, after: int = -1) -> list[JobItemSummary]:
    """Return the files or scans of a job in order; `after` is the last position of the previous page."""
    with storage.database.read() as session:
        _require_job(session, actor, job_id, lock=False)
        chosen = (JobItem.job_id == job_id, JobItem.position > after)
        items = session.scalars(select(JobItem).where(*chosen).order_by(JobItem.position).limit(rows))
        return [JobItemSummary(item.position, item.name, item.state, item.error) for item in items]


def cancel_job(storage: Storage, actor: Actor, job_id: UUID) -> JobSummary:
    """Cancel a job; what it has saved stays. A running one stops after the current slice, one that is over stays so."""
    with storage.database.write() as session:
        job = _require_job(session, actor, job_id)
        if not is_over(job.state) and job.cancel_requested_at is None:
            job.cancel_requested_at = now()
            if job.state is not JobState.RUNNING:
                end_job(session, job, JobState.CANCELLED)
            storage.audit.append(session, actor.id, "job.cancelled", f"job:{job_id}")
        return _summarize(session, [job])[0]


def count_jobs(storage: Storage) -> dict[str, int]:
    """Return the number of jobs of all users by state, for monitoring."""
    with storage.database.read() as session:
        counts = dict(session.execute(select(Job.state, func.count()).group_by(Job.state)).all())
    return {str(state): counts.get(state, 0) for state in JobState}


def _require_job(session: Session, actor: Actor, job_id: UUID, *, lock: bool = True) -> Job:
    """Return a job of the user; a transaction that only reads must not lock it."""
    own = select(Job).where(Job.id == job_id, Job.owner_id == actor.id)
    job = session.scalar(own.with_for_update() if lock else own)
    if job is None:
        raise NotFoundError(_NOT_FOUND)
    return job


def _require_receiving(session: Session, actor: Actor, job_id: UUID) -> Job:
    job = _require_job(session, actor, job_id)
    if job.state is not JobState.RECEIVING:
        raise RecordError("The upload of this job was cancelled or took too long. Send the files again.")
    return job


def _summarize(session: Session, jobs: Iterable[Job]) -> list[JobSummary]:
    jobs = list(jobs)
    counts = select(JobReading.job_id, func.count()).where(JobReading.job_id.in_([job.id for job in jobs]))
    readings = dict(session.execute(counts.group_by(JobReading.job_id)).all())
    copied = set(JobSummary.__slots__) - {"readings", "is_cancelling"}
    return [
        JobSummary(
            **{name: getattr(job, name) for name in copied},
            readings=readings.get(job.id, 0),
            is_cancelling=job.cancel_requested_at is not None and not is_over(job.state),
        )
        for job in jobs
    ]
