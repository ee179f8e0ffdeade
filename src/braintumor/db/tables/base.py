"""Base class of all tables, their ids, and column types that behave alike on SQLite and PostgreSQL."""

import secrets
import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, DateTime, Dialect, Enum, MetaData, String
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A time with timezone, converted to UTC; a naive time is refused. SQLite stores it without its timezone."""

    impl = DateTime(timezone=True)
    #: Statements with this type may be cached.
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A stored time needs a timezone, such as datetime.now(UTC).")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a time in UTC, with its timezone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Base of all tables."""

    #: Names all constraints, so that a migration can change them.
    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON}  # noqa: RUF012 - read by SQLAlchemy


def hash_column() -> String:
    """Return the type of a SHA-256 hash in lower-case hexadecimal."""
    return String(64)


def choice_column(kind: type[StrEnum]) -> Enum:
    """Return the type of a column with the values of an enumeration, stored as text without a constraint.

    Without a constraint in the database, a new value needs no migration.
    """
    return Enum(kind, native_enum=False, length=20, values_callable=lambda members: [str(m) for m in members])


def new_id() -> UUID:
    """Return a new UUIDv7 (RFC 9562): 48 bits of milliseconds, then 74 random bits.

    Ids sort by time, so new rows are appended to indexes, and a page of rows can be continued from its last id. Unlike
    integers they cannot be guessed, do not tell how many records there are, and are known before a row is inserted.
    """
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62))


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
