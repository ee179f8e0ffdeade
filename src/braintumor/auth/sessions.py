"""Sessions: a login in one browser, ended by time, by the user or by an administrator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from braintumor.auth.secret_tokens import hash_token, new_token
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import LoginSession, User, UserRole, UserState
from braintumor.db.tables.base import now
from braintumor.errors import AccountError
from braintumor.settings import Settings

_TOUCH_SECONDS: Final = 60  # how often activity is written to the database


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from. `device` is the proof of an earlier login; see `braintumor.auth.devices`."""

    address: str = ""
    user_agent: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A logged-in user, with the session that proves it."""

    session_id: UUID
    user_id: UUID
    role: UserRole
    name: str
    email: str | None
    expires_at: datetime

    @property
    def actor(self) -> Actor:
        """The user as records know them."""
        return Actor(self.user_id, self.role)


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A session as its user sees it."""

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str


def session_cookie_name(settings: Settings) -> str:
    """Return the name of the session cookie; the prefix makes browsers refuse it from other hosts and without https."""
    return "__Host-braintumor" if is_https(settings) else "braintumor"


def device_cookie_name(settings: Settings) -> str:
    """Return the name of the cookie that proves an earlier login."""
    return f"{session_cookie_name(settings)}-device"


def is_https(settings: Settings) -> bool:
    """Return whether browsers reach the server through https."""
    return (settings.public_url or "").startswith("https:")


def start_session(session: Session, settings: Settings, user_id: UUID, browser: Browser) -> str:
    """Add a session in a transaction and return its token, which is stored nowhere else. Old ones are removed."""
    token, time = new_token(), now()
    ended = or_(LoginSession.revoked_at.is_not(None), LoginSession.expires_at <= time)
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id, ended))
    session.add(
        LoginSession(
            token_hash=hash_token(token),
            user_id=user_id,
            created_at=time,
            last_seen_at=time,
            expires_at=time + timedelta(hours=settings.session_hours),
            user_agent=_printable(browser.user_agent)[:300],
            address=browser.address[:64],
        )
    )
    return token


def find_visitor(storage: Storage, token: str | None) -> Visitor | None:
    """Return the user of a session token; None if it is unknown, ended, or its user is disabled.

    Called on every request and rerun, so that an ended session ends at once.
    """
    if not token:
        return None
    time = now()
    idle = time - timedelta(minutes=storage.settings.idle_minutes)
    with storage.database.read() as session:
        row = session.execute(
            select(LoginSession, User)
            .join(User, User.id == LoginSession.user_id)
            .where(LoginSession.token_hash == hash_token(token), *_is_live(time, idle), User.state == UserState.ACTIVE)
        ).first()
    if row is None:
        return None
    login, user = row
    if time - login.last_seen_at > timedelta(seconds=_TOUCH_SECONDS):
        _touch(storage, login.id)
    return Visitor(login.id, user.id, user.role, user.name, user.email, login.expires_at)


def list_sessions(storage: Storage, actor: Actor) -> Sequence[SessionSummary]:
    """Return the user's live sessions, the most recently used first."""
    time = now()
    idle = time - timedelta(minutes=storage.settings.idle_minutes)
    statement = select(LoginSession).where(LoginSession.user_id == actor.id, *_is_live(time, idle))
    with storage.database.read() as session:
        rows = session.scalars(statement.order_by(LoginSession.last_seen_at.desc())).all()
    return [SessionSummary(row.id, row.created_at, row.last_seen_at, row.address, row.user_agent) for row in rows]


def revoke_session(storage: Storage, actor: Actor, session_id: UUID) -> None:
    """End one of the user's sessions.

    Raises
    ------
    AccountError
        The user has no such session.
    """
    with storage.database.write() as session:
        if not _revoke(session, LoginSession.user_id == actor.id, LoginSession.id == session_id):
            raise AccountError("You have no such session. It may have ended already.")
        storage.audit.append(session, actor.id, "session.revoked", f"session:{session_id}")


def revoke_other_sessions(storage: Storage, visitor: Visitor) -> int:
    """End all sessions of the user but this one, and return their number."""
    with storage.database.write() as session:
        count = revoke_all(session, visitor.user_id, keep=visitor.session_id)
        storage.audit.append(session, visitor.user_id, "session.others_revoked", f"user:{visitor.user_id}", count=count)
    return count


def revoke_all(session: Session, user_id: UUID, keep: UUID | None = None) -> int:
    """End all sessions of a user in a transaction, except one, and return their number."""
    others = (LoginSession.id != keep,) if keep else ()
    return _revoke(session, LoginSession.user_id == user_id, *others)


def revoke_token(session: Session, token: str | None) -> UUID | None:
    """End the session of a token in a transaction, and return its user; None if it is unknown or has ended."""
    if not token:
        return None
    row = session.scalars(select(LoginSession).where(LoginSession.token_hash == hash_token(token))).first()
    return row.user_id if row and _revoke(session, LoginSession.id == row.id) else None


def _revoke(session: Session, *which: ColumnElement[bool]) -> int:
    ended = update(LoginSession).where(LoginSession.revoked_at.is_(None), *which).values(revoked_at=now())
    return int(session.execute(ended).rowcount)  # type: ignore[attr-defined]


def _is_live(time: datetime, idle: datetime) -> tuple[ColumnElement[bool], ...]:
    return (LoginSession.revoked_at.is_(None), LoginSession.expires_at > time, LoginSession.last_seen_at > idle)


def _touch(storage: Storage, session_id: UUID) -> None:
    with storage.database.write() as session:
        session.execute(update(LoginSession).where(LoginSession.id == session_id).values(last_seen_at=now()))


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
