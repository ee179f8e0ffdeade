"""Idempotency keys: a request that a client repeats is carried out once, and answered the same each time."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, select, update

from braintumor.db.blob_rows import insert
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import IdempotencyKey
from braintumor.db.tables.base import now
from braintumor.errors import RecordError

_KEPT_HOURS: Final = 24
_ABANDONED_MINUTES: Final = 15  # a request that was being answered when the server ended


class KeyReusedError(RecordError):
    """A key that was used for another request."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """Answer of the first request with a key; `body` is JSON."""

    status: int
    body: str


def begin_request(storage: Storage, actor: Actor, key: str, request_sha256: str) -> StoredAnswer | None:
    """Note a request; return the answer if it was answered already, and None if it is to be carried out.

    Raises
    ------
    KeyReusedError
        The key was used for another request.
    RecordError
        The same request is being answered.
    """
    mine = _mine(actor, key)
    with storage.database.write() as session:
        too_old = IdempotencyKey.created_at <= now() - timedelta(minutes=_ABANDONED_MINUTES)
        session.execute(delete(IdempotencyKey).where(*mine, IdempotencyKey.status == 0, too_old))
        stored = session.scalar(select(IdempotencyKey).where(*mine))
        if stored is None:
            values = {"user_id": actor.id, "key_sha256": _hash(key), "request_sha256": request_sha256}
            statement = insert(session, IdempotencyKey).values(**values).on_conflict_do_nothing()
            if session.execute(statement).rowcount:  # type: ignore[attr-defined]
                return None
            stored = session.scalars(select(IdempotencyKey).where(*mine)).one()
        if stored.request_sha256 != request_sha256:
            raise KeyReusedError("This Idempotency-Key was used for another request. Use a new one for each request.")
        if stored.status == 0:
            raise RecordError("A request with this Idempotency-Key is being answered. Try again in a moment.")
        return StoredAnswer(stored.status, stored.answer)


def keep_answer(storage: Storage, actor: Actor, key: str, answer: StoredAnswer) -> None:
    """Keep the answer of a request for a day."""
    with storage.database.write() as session:
        values = {"status": answer.status, "answer": answer.body}
        session.execute(update(IdempotencyKey).where(*_mine(actor, key)).values(**values))


def forget_request(storage: Storage, actor: Actor, key: str) -> None:
    """Forget a request that failed, so that it can be repeated with the same key."""
    with storage.database.write() as session:
        session.execute(delete(IdempotencyKey).where(*_mine(actor, key), IdempotencyKey.status == 0))


def forget_old_requests(storage: Storage) -> None:
    """Delete keys after a day. Run it daily."""
    with storage.database.write() as session:
        old = IdempotencyKey.created_at <= now() - timedelta(hours=_KEPT_HOURS)
        session.execute(delete(IdempotencyKey).where(old))


def _mine(actor: Actor, key: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return IdempotencyKey.user_id == actor.id, IdempotencyKey.key_sha256 == _hash(key)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
