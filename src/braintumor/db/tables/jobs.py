"""Tables of background jobs and their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from braintumor.db.tables.base import Base, choice_column, new_id, now
from braintumor.db.tables.states import JobState


class Job(Base):
    """Work in the background, such as reading an upload or re-reading the history with another model.

    Attributes
    ----------
    kind : str
        Which function does the work.
    options : dict
        Its arguments, as JSON.
    done, failed, total : int
        Number of items.
    heartbeat_at : datetime or None
        Last sign of life of the worker; another worker takes over a running job whose heartbeat is old.
    attempts : int
        How often a worker began it.
    summary : dict
        What belongs to no reading: rows of unreadable files by group, as JSON.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state", "state", "heartbeat_at"), Index("ix_jobs_owner", "owner_id", "created_at"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(50))
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[JobState] = mapped_column(choice_column(JobState), default=JobState.QUEUED)
    done: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(String(100), default="")
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobItem(Base):
    """One file or scan of a job. `blob_sha256` is an uploaded file, kept until the job has ended."""

    __tablename__ = "job_items"
    __table_args__ = (UniqueConstraint("job_id", "position"), Index("ix_job_items_state", "job_id", "state"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text, default="")
    blob_sha256: Mapped[str | None] = mapped_column(ForeignKey("blobs.sha256"), index=True)
    scan_id: Mapped[UUID | None] = mapped_column(ForeignKey("scans.id", ondelete="SET NULL"), index=True)
    reading_id: Mapped[UUID | None] = mapped_column(ForeignKey("readings.id", ondelete="SET NULL"), index=True)
    state: Mapped[JobState] = mapped_column(choice_column(JobState), default=JobState.QUEUED)
    error: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[datetime | None]


class JobReading(Base):
    """A reading that a job has saved, or found saved already; `position` is the file's."""

    __tablename__ = "job_readings"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    reading_id: Mapped[UUID] = mapped_column(
        ForeignKey("readings.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
