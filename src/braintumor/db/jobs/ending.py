"""The end of a job: counts, and removal of its uploaded files."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from braintumor.db.blob_rows import mark_unreferenced, remove_marked
from braintumor.db.storage import Storage
from braintumor.db.tables import Job, JobItem, JobState
from braintumor.db.tables.base import now

_OVER: Final = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})
_KEPT_DAYS: Final = 7
_UPLOAD_HOURS: Final = 2


def is_over(state: JobState) -> bool:
    """Whether a state is final."""
    return state in _OVER


def end_job(session: Session, job: Job, state: JobState, error: str = "") -> None:
    """End a job in a transaction: open items are cancelled, and the uploaded files are no longer needed."""
    mine = JobItem.job_id == job.id
    hashes = _uploaded(session, job)
    open_items = update(JobItem).where(mine, JobItem.state.not_in(_OVER))
    session.execute(open_items.values(state=JobState.CANCELLED, finished_at=now()))
    session.execute(update(JobItem).where(mine, JobItem.blob_sha256.is_not(None)).values(blob_sha256=None))
    job.state, job.error, job.finished_at, job.heartbeat_at = state, error, now(), None
    count_items(session, job)
    mark_unreferenced(session, hashes)


def count_items(session: Session, job: Job) -> None:
    """Update the counts of a job in a transaction."""
    states = select(JobItem.state, func.count()).where(JobItem.job_id == job.id).group_by(JobItem.state)
    counts = dict(session.execute(states).all())
    job.done, job.failed = counts.get(JobState.DONE, 0), counts.get(JobState.FAILED, 0)


def tidy_jobs(storage: Storage) -> None:
    """Delete jobs a week after their end, whose items hold file names, and uploads that never became complete."""
    with storage.database.write() as session:
        old = Job.finished_at <= now() - timedelta(days=_KEPT_DAYS)
        stuck = (Job.state == JobState.RECEIVING, Job.heartbeat_at <= now() - timedelta(hours=_UPLOAD_HOURS))
        jobs = [*session.scalars(select(Job).where(old)), *session.scalars(select(Job).where(*stuck))]
        delete_jobs(session, jobs)
    remove_marked(storage.database, storage.blobs)


def delete_jobs(session: Session, jobs: Iterable[Job]) -> None:
    """Delete jobs in a transaction; `remove_marked` removes their files afterwards. The readings stay."""
    for job in jobs:
        hashes = _uploaded(session, job)
        session.execute(delete(Job).where(Job.id == job.id), execution_options={"synchronize_session": False})
        mark_unreferenced(session, hashes)


def _uploaded(session: Session, job: Job) -> list[str]:
    waiting = select(JobItem.blob_sha256).where(JobItem.job_id == job.id, JobItem.blob_sha256.is_not(None))
    return [sha256 for sha256 in session.scalars(waiting) if sha256]
