"""Tables of the audit log and of values about the database itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from braintumor.db.tables.base import Base, hash_column, now


class AuditEntry(Base):
    """Who did what and when; see `braintumor.db.audit`. Refers to no other table, so that entries outlive users.

    Attributes
    ----------
    number : int
        1, 2, 3, ... without gaps.
    what : str
        Kind and id of the object, such as `scan:0190...`.
    details : str
        Counts, versions and the like as canonical JSON; no names and no content.
    previous_seal, seal : str
        HMAC of the previous entry and of this one.
    """

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    actor_id: Mapped[UUID | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(50))
    what: Mapped[str] = mapped_column(String(200), index=True)
    details: Mapped[str] = mapped_column(Text)
    previous_seal: Mapped[str] = mapped_column(hash_column())
    seal: Mapped[str] = mapped_column(hash_column())


class Meta(Base):
    """A value about the whole database, such as whether history is switched on while accounts are off."""

    __tablename__ = "meta"

    key: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
