"""Table of idempotency keys: what a repeated request was answered the first time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from braintumor.db.tables.base import Base, hash_column, new_id, now


class IdempotencyKey(Base):
    """A request with a key of the client.

    Attributes
    ----------
    key_sha256 : str
        Hash of the key.
    request_sha256 : str
        Hash of the request, which must be the same each time.
    status : int
        Status of the answer; 0 while the request is being answered.
    answer : str
        Body of the answer, as JSON.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("user_id", "key_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    key_sha256: Mapped[str] = mapped_column(hash_column())
    request_sha256: Mapped[str] = mapped_column(hash_column())
    status: Mapped[int] = mapped_column(default=0)
    answer: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)
