"""Revision of the database: creates and upgrades its tables."""

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from braintumor.db.engine import Database, database_url
from braintumor.db.migrations import HEAD
from braintumor.errors import StorageError
from braintumor.settings import Settings, get_settings

if TYPE_CHECKING:
    from alembic.config import Config


def open_database(settings: Settings | None = None) -> Database:
    """Open the database of the settings. SQLite is created and upgraded as needed.

    Raises
    ------
    StorageError
        It cannot be opened, belongs to a newer program, or is a PostgreSQL database that must be upgraded first.
    """
    database = Database(database_url(settings or get_settings()))
    revision = read_revision(database)
    if revision == HEAD:
        return database
    if database.is_sqlite:
        upgrade_database(database)
        return database
    state = "has no tables" if revision is None else f"is at revision {revision}, and this program needs {HEAD}"
    raise StorageError(f"The database {state}. Run: braintumor db upgrade")


def read_revision(database: Database) -> str | None:
    """Return the revision of the database; None if it has no tables.

    Raises
    ------
    StorageError
        It cannot be reached, or belongs to a newer program.
    """
    with database.read() as session:
        revision = _read_revision(session.connection())
    if revision is not None and revision > HEAD:
        raise StorageError(
            f"The database is at revision {revision}, newer than this program ({HEAD}). Install the newer program."
        )
    return revision


def upgrade_database(database: Database) -> str | None:
    """Create or upgrade all tables in one transaction, and return the revision before; `HEAD` if nothing changed.

    Processes may call this at the same time: one upgrades, the others wait for it.
    """
    read_revision(database)
    with database.write() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('braintumor upgrade'))"))
        before = _read_revision(connection)
        if before != HEAD:
            _run_migrations(connection)
    return before


def _run_migrations(connection: Connection) -> None:
    from alembic import command  # takes longer to import than a database takes to open

    command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection) -> "Config":
    """Return the configuration of Alembic for a connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "braintumor.db:migrations")
    return config


def _read_revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
