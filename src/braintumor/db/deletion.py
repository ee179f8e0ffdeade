"""Delete, restore and purge records. What is purged is gone from the database and from disk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from braintumor.db.blob_rows import mark_unreferenced, remove_marked
from braintumor.db.records import require_scans
from braintumor.db.storage import Actor, Storage
from braintumor.db.studies import find_slices
from braintumor.db.tables import Job, JobItem, ReaderFindingRow, ReadingRow, ScanRow
from braintumor.db.tables.base import now
from braintumor.errors import RecordError

_BATCH: Final = 200  # scans per transaction, so that other writers do not wait long


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """Number of deleted records, of scans whose results are kept, and of files removed from disk."""

    records: int
    scans: int
    files: int


def delete_scans(storage: Storage, actor: Actor, scan_ids: Iterable[UUID]) -> None:
    """Delete scans with their readings and findings, and studies with their slices.

    They can be restored for the days of the settings.

    Raises
    ------
    RecordError
        The user does not have all of them; none is deleted.
    """
    with storage.database.write() as session:
        scans = require_scans(session, actor, scan_ids, deleted=False)
        scans += find_slices(session, scans)
        _set_deleted(session, scans, now())
        for scan in scans:
            storage.audit.append(session, actor.id, "scan.deleted", f"scan:{scan.id}")
    if storage.settings.restore_days == 0:
        purge(storage)


def restore_scans(storage: Storage, actor: Actor, scan_ids: Iterable[UUID]) -> None:
    """Undo the deletion of scans, and of the slices that were deleted with their study.

    Raises
    ------
    RecordError
        The user has no such deleted scan, or has saved the same scan again; none is restored.
    """
    with storage.database.write() as session:
        scans = require_scans(session, actor, scan_ids, deleted=True)
        scans += find_slices(session, scans)
        for scan in scans:
            same = (ScanRow.owner_id == actor.id, ScanRow.sha256 == scan.sha256, ScanRow.name == scan.name)
            if session.scalar(select(ScanRow.id).where(*same, ScanRow.deleted_at.is_(None))) is not None:
                raise RecordError(f"{scan.name} is in your history again. Delete that record to restore this one.")
            _set_deleted(session, [scan], None)
        for scan in scans:
            storage.audit.append(session, actor.id, "scan.restored", f"scan:{scan.id}")


def purge_scans(storage: Storage, actor: Actor, scan_ids: Iterable[UUID]) -> PurgeReport:
    """Remove deleted scans for good, before their time is over, and slices that were deleted with their study.

    Raises
    ------
    RecordError
        The user has not deleted all of them; none is removed.
    """
    with storage.database.write() as session:
        scans = require_scans(session, actor, scan_ids, deleted=True)
        scans += find_slices(session, scans)
        _remove_scans(session, storage, actor.id, scans)
    return PurgeReport(len(scans), 0, _remove_files(storage))


def purge(storage: Storage, time: datetime | None = None) -> PurgeReport:
    """Remove for good what the settings say: records deleted long enough ago, and scans kept long enough.

    Run it daily. It may be interrupted at any moment, and completes interrupted removals.

    Parameters
    ----------
    time : datetime, optional
        Now by default.
    """
    time, settings = time or now(), storage.settings
    records = scans = 0
    while count := _purge_deleted(storage, time - timedelta(days=settings.restore_days)):
        records += count
    while settings.scan_days and (count := _drop_contents(storage, time - timedelta(days=settings.scan_days))):
        scans += count
    return PurgeReport(records, scans, _remove_files(storage))


def erase_user_data(storage: Storage, actor: Actor, user_id: UUID) -> PurgeReport:
    """Remove all scans, readings, findings and jobs of a user for good, before the account is deleted.

    Raises
    ------
    RecordError
        The acting user is neither this user nor an administrator.
    """
    if actor.id != user_id and not actor.is_administrator:
        raise RecordError("Only administrators can delete the records of other users.")
    records = 0
    while True:
        with storage.database.write() as session:
            scans = session.scalars(select(ScanRow).where(ScanRow.owner_id == user_id).limit(_BATCH)).all()
            _remove_scans(session, storage, actor.id, scans)
            if not scans:
                _remove_jobs(session, user_id)
                storage.audit.append(session, actor.id, "history.erased", f"user:{user_id}", records=records)
                break
        records += len(scans)
    return PurgeReport(records, 0, _remove_files(storage))


def _purge_deleted(storage: Storage, before: datetime) -> int:
    with storage.database.write() as session:
        expired = select(ScanRow).where(ScanRow.deleted_at.is_not(None), ScanRow.deleted_at <= before)
        scans = session.scalars(expired.order_by(ScanRow.id).limit(_BATCH).with_for_update()).all()
        _remove_scans(session, storage, None, scans)
    return len(scans)


def _drop_contents(storage: Storage, before: datetime) -> int:
    """Delete the stored files of old scans and keep the results."""
    with storage.database.write() as session:
        old = select(ScanRow).where(ScanRow.blob_sha256.is_not(None), ScanRow.saved_at <= before)
        scans = session.scalars(old.order_by(ScanRow.id).limit(_BATCH).with_for_update()).all()
        hashes = [scan.blob_sha256 for scan in scans if scan.blob_sha256]
        for scan in scans:
            scan.blob_sha256 = None
        mark_unreferenced(session, hashes)
        for scan in scans:
            storage.audit.append(session, None, "scan.expired", f"scan:{scan.id}")
    return len(scans)


def _remove_scans(session: Session, storage: Storage, actor_id: UUID | None, scans: Sequence[ScanRow]) -> None:
    """Remove rows, and mark the files that no other row needs; `_remove_files` removes them afterwards."""
    ids = [scan.id for scan in scans]
    hashes = [scan.blob_sha256 for scan in scans if scan.blob_sha256]
    session.execute(delete(ScanRow).where(ScanRow.id.in_(ids)), execution_options={"synchronize_session": False})
    mark_unreferenced(session, hashes)
    for scan_id in ids:
        storage.audit.append(session, actor_id, "scan.purged", f"scan:{scan_id}")


def _remove_jobs(session: Session, user_id: UUID) -> None:
    jobs = select(Job.id).where(Job.owner_id == user_id)
    waiting = select(JobItem.blob_sha256).where(JobItem.job_id.in_(jobs), JobItem.blob_sha256.is_not(None))
    hashes = [sha256 for sha256 in session.scalars(waiting) if sha256]
    session.execute(delete(ReaderFindingRow).where(ReaderFindingRow.reader_id == user_id))
    session.execute(delete(Job).where(Job.owner_id == user_id))
    mark_unreferenced(session, hashes)


def _remove_files(storage: Storage) -> int:
    """Delete the marked files, and what SQLite's journal still holds of deleted rows."""
    count = remove_marked(storage.database, storage.blobs)
    storage.database.truncate_journal()
    return count


def _set_deleted(session: Session, scans: Sequence[ScanRow], time: datetime | None) -> None:
    for scan in scans:
        scan.deleted_at = time
        session.execute(update(ReadingRow).where(ReadingRow.scan_id == scan.id).values(deleted_at=time))
    session.flush()
