"""Which stored files are needed: a file exists before its row is committed, and disappears before its row does.

An interruption leaves at most a file without a row, or a row that is marked for removal, and never a record whose file
is missing. `braintumor db check --repair` removes both.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, delete, exists, or_, select, text, union, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from braintumor.db.blobs import BlobStore
from braintumor.db.engine import Database
from braintumor.db.tables import Blob, JobItem, ScanRow
from braintumor.db.tables.base import Base, now


def store_blob(session: Session, blobs: BlobStore, content: bytes, media_type: str) -> str:
    """Store a file in a write transaction, and return its hash, to which a row of the transaction then refers.

    The row is written first, so that it is locked: nothing removes the file while it is being stored.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    values = {"sha256": sha256, "bytes": len(content), "media_type": media_type}
    statement = insert(session, Blob).values(**values)
    session.execute(statement.on_conflict_do_update(index_elements=["sha256"], set_={"removing_at": None}))
    blobs.put(content)
    return sha256


def mark_unreferenced(session: Session, hashes: Iterable[str]) -> None:
    """Mark those of some files to which no row refers any more; `remove_marked` removes them."""
    session.flush()
    for sha256 in sorted(set(hashes)):
        session.execute(
            update(Blob).where(Blob.sha256 == sha256, ~is_referenced()).values(removing_at=now()),
            execution_options={"synchronize_session": False},
        )


def remove_marked(database: Database, blobs: BlobStore) -> int:
    """Delete the marked files and then their rows, and return their number.

    A file that was saved again in the meantime is no longer marked, and stays.
    """
    with database.read() as session:
        hashes = session.scalars(select(Blob.sha256).where(Blob.removing_at.is_not(None))).all()
    return sum(_remove(database, blobs, sha256) for sha256 in hashes)


def _remove(database: Database, blobs: BlobStore, sha256: str) -> bool:
    marked = Blob.sha256 == sha256, Blob.removing_at.is_not(None)
    with database.write() as session:
        if session.scalar(select(Blob.sha256).where(*marked).with_for_update()) is None:
            return False
        if session.scalar(select(is_referenced()).where(*marked)):
            session.execute(update(Blob).where(*marked).values(removing_at=None))
            return False
        blobs.delete(sha256)
        session.execute(delete(Blob).where(*marked))
    return True


def referenced_hashes() -> CompoundSelect[Any]:
    """Return the statement for the hashes of all files to which a row refers."""
    tables = (ScanRow, JobItem)
    return union(*(select(table.blob_sha256).where(table.blob_sha256.is_not(None)) for table in tables))


def find_unreferenced(session: Session) -> list[str]:
    """Return the hashes of files to which no record refers, marked or not."""
    return list(session.scalars(select(Blob.sha256).where(~is_referenced()).order_by(Blob.sha256)))


def lock_blobs(session: Session) -> None:
    """Wait until no transaction stores a file, and let none begin; on SQLite every write transaction does so."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE blobs IN EXCLUSIVE MODE"))


def insert(session: Session, table: type[Base]) -> Any:
    """Return an INSERT of the database in use, which has ON CONFLICT."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def is_referenced() -> ColumnElement[bool]:
    """Whether a scan, also a deleted one that can be restored, or a job refers to the file of the outer query."""
    return or_(
        exists().where(ScanRow.blob_sha256 == Blob.sha256),
        exists().where(JobItem.blob_sha256 == Blob.sha256),
    )
