"""Statistics over all users, for administrators: numbers only, no names and no results of single scans."""

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


def count_own(storage: Storage, actor: Actor) -> dict[str, dict[str, int]]:
    """Return the number of the user's readings by verdict, by version and by the reader's finding (empty: none)."""
    columns = {"verdict": ReadingRow.verdict, "version": ReadingRow.version, "opinion": ReadingRow.opinion}
    mine = (ReadingRow.owner_id == actor.id, ReadingRow.deleted_at.is_(None))
    with storage.database.read() as session:
        return {
            name: {
                value: count
                for value, count in session.execute(select(column, func.count()).where(*mine).group_by(column))
            }
            for name, column in columns.items()
        }
