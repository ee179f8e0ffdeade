"""What administrators see of the whole server: jobs and audit log, and nothing of anyone's scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from braintumor.db.access_log import log_access
from braintumor.db.audit import AuditHead, export_csv, export_json_lines, read_head
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import AuditEntry, Job, User
from braintumor.errors import RecordError


@dataclass(frozen=True, slots=True)
class ServerJob:
    """A background job; `owner` is the address of its user."""

    owner: str
    kind: str
    state: str
    done: int
    failed: int
    total: int
    created_at: datetime
    finished_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry of the audit log; `actor` is an address, the id of a deleted user, or empty for the program itself."""

    number: int
    at: datetime
    actor: str
    action: str
    what: str
    details: str


@dataclass(frozen=True, slots=True)
class AuditExport:
    """The audit log as a file, and its head."""

    content: bytes
    head: AuditHead


def list_server_jobs(storage: Storage, actor: Actor, rows: int = 100) -> list[ServerJob]:
    """Return the newest background jobs of all users.

    Raises
    ------
    RecordError
        The acting user is no administrator.
    """
    _require_administrator(actor)
    newest = select(Job, User.email).outerjoin(User, User.id == Job.owner_id).order_by(Job.created_at.desc(), Job.id)
    with storage.database.read() as session:
        return [
            ServerJob(
                email or str(job.owner_id), job.kind, str(job.state), job.done, job.failed, job.total, job.created_at,
                job.finished_at, job.error,
            )
            for job, email in session.execute(newest.limit(rows))
        ]  # fmt: skip


def list_audit(storage: Storage, actor: Actor, rows: int = 100, before: int | None = None) -> Sequence[AuditLine]:
    """Return entries of the audit log, newest first, older than the one with the number `before`.

    Raises
    ------
    RecordError
        The acting user is no administrator.
    """
    _require_administrator(actor)
    newest = select(AuditEntry, User.email).outerjoin(User, User.id == AuditEntry.actor_id)
    if before is not None:
        newest = newest.where(AuditEntry.number < before)
    with storage.database.read() as session:
        return [
            AuditLine(
                entry.number, entry.at, email or _id_text(entry.actor_id), entry.action, entry.what, entry.details
            )
            for entry, email in session.execute(newest.order_by(AuditEntry.number.desc()).limit(rows))
        ]


def export_audit(storage: Storage, actor: Actor | None, *, as_json: bool = False) -> AuditExport:
    """Return the whole audit log, and note in it that it was exported.

    Parameters
    ----------
    storage : Storage
    actor : Actor or None
        An administrator; None on the command line.
    as_json : bool
        As lines of JSON, the last of which is the head; else as CSV, whose last line has number and seal of the head.

    Raises
    ------
    RecordError
        The acting user is no administrator.
    """
    _require_administrator(actor)
    log_access(storage, actor, "audit.exported", "audit:log")
    with storage.database.read() as session:
        lines = export_json_lines(session) if as_json else export_csv(session)
        return AuditExport("".join(lines).encode(), read_head(session))


def read_audit_head(storage: Storage, actor: Actor) -> AuditHead:
    """Return number and seal of the newest entry, to be noted elsewhere.

    Raises
    ------
    RecordError
        The acting user is no administrator.
    """
    _require_administrator(actor)
    with storage.database.read() as session:
        return read_head(session)


def _require_administrator(actor: Actor | None) -> None:
    if actor is not None and not actor.is_administrator:
        raise RecordError("Only administrators see jobs and the audit log.")


def _id_text(user_id: UUID | None) -> str:
    return "" if user_id is None else str(user_id)
