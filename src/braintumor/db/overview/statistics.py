"""What users have stored, in numbers for administrators."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Blob, ReadingRow, ScanRow
from braintumor.errors import RecordError


@dataclass(frozen=True, slots=True)
class UserStatistics:
    """What one user has stored.

    Attributes
    ----------
    user_id : UUID
    readings, scans : int
        Including deleted ones that can still be restored.
    stored_bytes : int
        Size of the stored files. A file that several users saved counts for each, but is stored once.
    last_saved_at : datetime
    """

    user_id: UUID
    readings: int
    scans: int
    stored_bytes: int
    last_saved_at: datetime


def count_by_user(storage: Storage, actor: Actor) -> list[UserStatistics]:
    """Return the statistics of all users who stored something, by their ids.

    Raises
    ------
    RecordError
        The acting user is no administrator.
    """
    if not actor.is_administrator:
        raise RecordError("Only administrators see statistics over all users.")
    files = select(ScanRow.owner_id, ScanRow.blob_sha256).distinct().subquery()
    sizes = (
        select(files.c.owner_id, func.sum(Blob.bytes))
        .join(Blob, Blob.sha256 == files.c.blob_sha256)
        .group_by(files.c.owner_id)
    )
    readings = select(ReadingRow.owner_id, func.count()).group_by(ReadingRow.owner_id)
    scans = select(ScanRow.owner_id, func.count(), func.max(ScanRow.saved_at)).group_by(ScanRow.owner_id)
    with storage.database.read() as session:
        stored = {owner: int(size) for owner, size in session.execute(sizes)}
        read = dict(session.execute(readings).all())
        return [
            UserStatistics(owner, read.get(owner, 0), count, stored.get(owner, 0), last)
            for owner, count, last in session.execute(scans.order_by(ScanRow.owner_id))
        ]


@dataclass(frozen=True, slots=True)
class StorageSize:
    """Number and total size of the stored files, and size of the database; None if the server does not tell."""

    files: int
    file_bytes: int
    database_bytes: int | None


def measure_storage(storage: Storage) -> StorageSize:
    """Return how much is stored by all users together."""
    with storage.database.read() as session:
        count, size = session.execute(select(func.count(Blob.sha256), func.coalesce(func.sum(Blob.bytes), 0))).one()
        database = None
        if storage.database.is_sqlite:
            files = (storage.database.file, storage.database.file.with_name(f"{storage.database.file.name}-wal"))
            database = sum(file.stat().st_size for file in files if file.is_file())
        elif session.get_bind().dialect.name == "postgresql":
            database = session.scalar(select(func.pg_database_size(func.current_database())))
    return StorageSize(count, int(size), database)
