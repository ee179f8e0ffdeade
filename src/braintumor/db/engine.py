"""Connections to the database: SQLite in the data folder, or PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.orm import Session

from braintumor.errors import StorageError
from braintumor.settings import SQLITE_FILE, Settings

_LOCK_SECONDS: Final = 30  # a writer waits this long for another one
_WRITES: Final = "braintumor_writes"
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # an acknowledged record survives a power failure
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",  # deleted rows are overwritten with zeros
)


class Database:
    """Opens transactions. Use `open_database` to get one whose tables exist.

    Parameters
    ----------
    url : str or URL
        `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises
    ------
    StorageError
        The address is not one of these.
    """

    def __init__(self, url: str | URL) -> None:
        self.url = _parse_url(url)
        self.engine = _create_sqlite(self.url) if self.is_sqlite else _create_postgresql(self.url)
        self._writer = self.engine.execution_options(**{_WRITES: True})
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**snapshot)

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return Path(self.url.database or "")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads, and sees one state of the database throughout."""
        with _translate_errors(), Session(self._reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that writes. It is committed at the end, and rolled back after an exception.

        SQLite allows one writer at a time, and takes its lock here, before anything is read.

        Raises
        ------
        StorageError
            The database cannot be reached, or another writer holds the lock for 30 seconds.
        """
        with _translate_errors(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def truncate_journal(self) -> None:
        """Empty SQLite's journal, which still holds older contents of rows; skipped while others read."""
        if self.is_sqlite:
            with _translate_errors(), closing(self.engine.raw_connection()) as connection:
                for pragma in ("busy_timeout=1000", "wal_checkpoint(TRUNCATE)", f"busy_timeout={_LOCK_SECONDS}000"):
                    connection.cursor().execute(f"PRAGMA {pragma}")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def database_url(settings: Settings) -> str:
    """Return the address of the database; by default, of an SQLite file in the data folder."""
    if settings.database is not None:
        return settings.database.get_secret_value()
    return f"sqlite:///{settings.data_dir / SQLITE_FILE}"


def _parse_url(url: str | URL) -> URL:
    """Return the address with its driver; the prefix `postgres://` of some hosts is understood."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StorageError(
            "BRAINTUMOR_DATABASE is not a valid address. Use sqlite:///FILE or postgresql://..."
        ) from None
    if parsed.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise StorageError(
        f"BRAINTUMOR_DATABASE starts with {parsed.drivername!r}. Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    )


def _create_sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, pool_size=8, max_overflow=24, connect_args={"timeout": _LOCK_SECONDS}
    )
    _create_private_file(Path(url.database or ""))

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin below, not at the first change
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _create_postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
        connect_args={"connect_timeout": _LOCK_SECONDS, "options": "-c timezone=utc"},
    )


def _create_private_file(path: Path) -> None:
    """Create a missing SQLite file that only this user may read; its journal gets the same permissions."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror}. Check the folder or set BRAINTUMOR_DATA.") from None


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Turn failures of the connection into an error that a page can show, without statements and their values."""
    try:
        yield
    except DatabaseError as error:
        if type(error) not in (
            DatabaseError,
            OperationalError,
        ):  # the others are about values
            raise
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise StorageError(
            f"The database cannot be used: {reason}. Try again; if the problem persists, check that the "
            "database server is running."
        ) from error
