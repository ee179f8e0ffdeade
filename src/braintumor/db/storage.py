"""Everything a record needs in one place: database, stored files and audit log of the settings."""

from dataclasses import dataclass
from uuid import UUID

from braintumor.db.audit import AuditLog
from braintumor.db.audit_key import load_audit_key
from braintumor.db.blob_rows import insert
from braintumor.db.blobs import BlobStore, open_blobs
from braintumor.db.engine import Database
from braintumor.db.tables import User, UserRole, UserState
from braintumor.db.tables.accounts import LOCAL_USER_ID
from braintumor.db.upgrade import open_database
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class Actor:
    """The user on whose behalf a function acts."""

    id: UUID
    role: UserRole = UserRole.READER

    @property
    def is_administrator(self) -> bool:
        """Whether the user may manage users and see statistics over all of them."""
        return self.role is UserRole.ADMINISTRATOR


@dataclass(frozen=True, slots=True)
class Storage:
    """Database, stored files and audit log."""

    settings: Settings
    database: Database
    blobs: BlobStore
    audit: AuditLog

    def close(self) -> None:
        """Close all connections."""
        self.database.close()


def open_storage(settings: Settings | None = None) -> Storage:
    """Open what the settings name; the first use creates it.

    Raises
    ------
    StorageError
        Something cannot be opened, or the database must be upgraded first.
    """
    settings = settings or get_settings()
    database = open_database(settings)
    return Storage(settings, database, open_blobs(settings), AuditLog(load_audit_key(settings, database)))


def local_actor(storage: Storage) -> Actor:
    """Return the owner of the history while accounts are off; the first call creates it."""
    with storage.database.write() as session:
        row = {"id": LOCAL_USER_ID, "name": "This computer", "state": UserState.LOCAL}
        session.execute(insert(session, User).values(**row).on_conflict_do_nothing())
    return Actor(LOCAL_USER_ID)
