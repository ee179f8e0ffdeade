"""API tokens for programs: named, with scopes and an expiry date, shown once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from braintumor.auth.secret_tokens import hash_token, new_token
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ApiToken, User, UserRole, UserState
from braintumor.db.tables.base import now
from braintumor.errors import AccountError

TOKEN_PREFIX: Final = "bt_"  # lets secret scanners find a token in code
MAX_DAYS: Final = 365
_MAX_TOKENS: Final = 50
_TOUCH_SECONDS: Final = 60


class Scope(StrEnum):
    """What a token may do: read own records, change them, and, for administrators only, manage users."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The user on whose behalf a program acts, and what it may do."""

    token_id: UUID
    actor: Actor
    scopes: frozenset[Scope]


@dataclass(frozen=True, slots=True)
class TokenSummary:
    """A token as its user sees it."""

    id: UUID
    name: str
    scopes: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


def create_token(storage: Storage, actor: Actor, name: str, scopes: Collection[Scope], days: int) -> str:
    """Create a token and return it; it cannot be shown again.

    Parameters
    ----------
    storage : Storage
    actor : Actor
    name : str
        What the token is for, 1 to 100 characters.
    scopes : collection of Scope
    days : int
        Until it expires, 1 to 365.

    Raises
    ------
    AccountError
        A value is not allowed, or the user has 50 tokens.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise AccountError("Give the token a name of 1 to 100 characters, such as: nightly export.")
    if not scopes:
        raise AccountError("Choose at least one scope: read, write or admin.")
    if Scope.ADMIN in scopes and not actor.is_administrator:
        raise AccountError("Only administrators can create a token with the scope admin.")
    if not 1 <= days <= MAX_DAYS:
        raise AccountError(f"A token expires after 1 to {MAX_DAYS} days.")
    token = new_token(TOKEN_PREFIX)
    row = ApiToken(
        token_hash=hash_token(token),
        user_id=actor.id,
        name=name,
        scopes=" ".join(scope for scope in Scope if scope in scopes),
        expires_at=now() + timedelta(days=days),
    )
    with storage.database.write() as session:
        live = select(ApiToken.id).where(ApiToken.user_id == actor.id, *_is_live(now()))
        if len(session.scalars(live).all()) >= _MAX_TOKENS:
            raise AccountError(f"You have {_MAX_TOKENS} tokens. Revoke one first.")
        session.add(row)
        session.flush()
        storage.audit.append(session, actor.id, "token.created", f"token:{row.id}", days=days)
    return token


def find_token_holder(storage: Storage, token: str) -> TokenHolder | None:
    """Return who holds a token; None if it is unknown, expired or revoked, or its user is disabled."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    time = now()
    with storage.database.read() as session:
        row = session.execute(
            select(ApiToken, User)
            .join(User, User.id == ApiToken.user_id)
            .where(ApiToken.token_hash == hash_token(token), *_is_live(time), User.state == UserState.ACTIVE)
        ).first()
    if row is None:
        return None
    stored, user = row
    if stored.last_used_at is None or time - stored.last_used_at > timedelta(seconds=_TOUCH_SECONDS):
        with storage.database.write() as session:
            session.execute(update(ApiToken).where(ApiToken.id == stored.id).values(last_used_at=time))
    scopes = {Scope(scope) for scope in stored.scopes.split()}
    if user.role is not UserRole.ADMINISTRATOR:  # may have been one when the token was made
        scopes.discard(Scope.ADMIN)
    return TokenHolder(stored.id, Actor(user.id, user.role), frozenset(scopes))


def list_tokens(storage: Storage, actor: Actor) -> Sequence[TokenSummary]:
    """Return the user's live tokens, the newest first."""
    statement = select(ApiToken).where(ApiToken.user_id == actor.id, *_is_live(now())).order_by(ApiToken.id.desc())
    with storage.database.read() as session:
        rows = session.scalars(statement).all()
    return [
        TokenSummary(row.id, row.name, row.scopes, row.created_at, row.expires_at, row.last_used_at) for row in rows
    ]


def revoke_api_token(storage: Storage, actor: Actor, token_id: UUID) -> None:
    """Revoke one of the user's tokens.

    Raises
    ------
    AccountError
        The user has no such token.
    """
    ended = update(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == actor.id, ApiToken.revoked_at.is_(None))
    with storage.database.write() as session:
        if not session.execute(ended.values(revoked_at=now())).rowcount:  # type: ignore[attr-defined]
            raise AccountError("You have no such token. It may be revoked already.")
        storage.audit.append(session, actor.id, "token.revoked", f"token:{token_id}")


def _is_live(time: datetime) -> tuple[ColumnElement[bool], ...]:
    return (ApiToken.revoked_at.is_(None), ApiToken.expires_at > time)
