"""Users: invite, disable, enable, change roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from braintumor.auth.links import create_link
from braintumor.auth.sessions import revoke_all
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ApiToken, LinkPurpose, OneTimeLink, User, UserRole, UserState
from braintumor.db.tables.base import now
from braintumor.errors import AccountError

_MAX_EMAIL: Final = 254


@dataclass(frozen=True, slots=True)
class UserSummary:
    """A user as administrators see them: no scans and no results."""

    id: UUID
    email: str | None
    name: str
    role: UserRole
    state: UserState
    created_at: datetime
    last_login_at: datetime | None


def normalize_email(email: str) -> str:
    """Return an address as it is stored and looked up.

    Raises
    ------
    AccountError
        It is no address.
    """
    email = email.strip().casefold()
    name, _, host = email.rpartition("@")
    if not name or not host or len(email) > _MAX_EMAIL or any(c.isspace() or not c.isprintable() for c in email):
        raise AccountError("This is not a valid e-mail address. Enter one such as name@example.org.")
    return email


def clean_name(name: str) -> str:
    """Return a name to display, without line breaks and control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:200]


def find_user_by_email(session: Session, email: str) -> User | None:
    """Return the user who logs in with an address."""
    return session.scalars(select(User).where(User.email == email.strip().casefold())).first()


def list_users(storage: Storage, actor: Actor | None) -> Sequence[UserSummary]:
    """Return all users by address. `actor` is None on the command line.

    Raises
    ------
    AccountError
        The acting user is no administrator.
    """
    require_administrator(actor)
    with storage.database.read() as session:
        rows = session.scalars(select(User).where(User.state != UserState.LOCAL).order_by(User.email, User.id)).all()
    return [
        UserSummary(row.id, row.email, row.name, row.role, row.state, row.created_at, row.last_login_at) for row in rows
    ]


def invite_user(storage: Storage, actor: Actor | None, email: str | None, role: UserRole) -> str:
    """Invite someone and return the token of the link.

    Parameters
    ----------
    storage : Storage
    actor : Actor or None
        An administrator; None on the command line.
    email : str or None
        Of the new user, who is listed as invited. None for a link whose holder chooses the address.
    role : UserRole

    Raises
    ------
    AccountError
        There is an account with this address, or the acting user is no administrator.
    """
    require_administrator(actor)
    by = actor.id if actor else None
    with storage.database.write() as session:
        user_id = _add_invited(session, email, role) if email else None
        token = create_link(session, LinkPurpose.INVITATION, user_id=user_id, role=role, created_by=by)
        storage.audit.append(session, by, "user.invited", f"user:{user_id or 'new'}", role=str(role))
    return token


def create_setup_link(storage: Storage) -> str | None:
    """Return the token of a link to create the first administrator; None if there is an active administrator."""
    with storage.database.write() as session:
        if count_administrators(session):
            return None
        token = create_link(session, LinkPurpose.SETUP, role=UserRole.ADMINISTRATOR)
        storage.audit.append(session, None, "setup.link_created", "user:new")
    return token


def create_reset_link(storage: Storage, actor: Actor | None, email: str) -> str:
    """Return the token of a link to set a new password, or to accept an invitation that was not used yet.

    Raises
    ------
    AccountError
        There is no such user, or the acting user is no administrator.
    """
    require_administrator(actor)
    by = actor.id if actor else None
    with storage.database.write() as session:
        user = require_user(session, email)
        if user.state is UserState.DISABLED:
            raise AccountError(f"{email} is disabled. Enable the account first.")
        purpose = LinkPurpose.INVITATION if user.state is UserState.INVITED else LinkPurpose.PASSWORD_RESET
        token = create_link(session, purpose, user_id=user.id, role=user.role, created_by=by)
        storage.audit.append(session, by, "password.reset_link_created", f"user:{user.id}")
    return token


def disable_user(storage: Storage, actor: Actor | None, email: str) -> None:
    """Disable an account: it cannot log in, and its sessions, tokens and links end at once. Its data is kept.

    Raises
    ------
    AccountError
        There is no such user, it is the last administrator, or the acting user is no administrator.
    """
    require_administrator(actor)
    with storage.database.write() as session:
        user = require_user(session, email)
        require_other_administrator(session, user)
        user.state = UserState.DISABLED
        end_access(session, user.id)
        storage.audit.append(session, actor.id if actor else None, "user.disabled", f"user:{user.id}")


def enable_user(storage: Storage, actor: Actor | None, email: str) -> None:
    """Let a disabled user log in again. One who never accepted the invitation needs a new link.

    Raises
    ------
    AccountError
        There is no such user, or the acting user is no administrator.
    """
    require_administrator(actor)
    with storage.database.write() as session:
        user = require_user(session, email)
        if user.state is UserState.DISABLED:
            user.state = UserState.ACTIVE if user.last_login_at or user.password_hash else UserState.INVITED
        storage.audit.append(session, actor.id if actor else None, "user.enabled", f"user:{user.id}")


def change_role(storage: Storage, actor: Actor | None, email: str, role: UserRole) -> None:
    """Make a user a reader or an administrator.

    Raises
    ------
    AccountError
        There is no such user, it is the last administrator, or the acting user is no administrator.
    """
    require_administrator(actor)
    with storage.database.write() as session:
        user = require_user(session, email)
        if role is not UserRole.ADMINISTRATOR:
            require_other_administrator(session, user)
        user.role = role
        storage.audit.append(
            session, actor.id if actor else None, "user.role_changed", f"user:{user.id}", role=str(role)
        )


def require_user(session: Session, email: str) -> User:
    """Return the user with an address.

    Raises
    ------
    AccountError
        There is none.
    """
    user = find_user_by_email(session, email)
    if user is None:
        raise AccountError(f"There is no account with the address {email}.")
    return user


def require_administrator(actor: Actor | None) -> None:
    """Raise an error unless the acting user is an administrator, or the command line (None)."""
    if actor is not None and not actor.is_administrator:
        raise AccountError("Only administrators can do this.")


def _add_invited(session: Session, email: str, role: UserRole) -> UUID:
    email = normalize_email(email)
    if find_user_by_email(session, email) is not None:
        raise AccountError(f"An account with the address {email} already exists. Create a new link for it instead.")
    user = User(email=email, role=role, state=UserState.INVITED)
    session.add(user)
    session.flush()
    return user.id


def end_access(session: Session, user_id: UUID) -> None:
    """End all sessions, tokens and links of a user in a transaction."""
    revoke_all(session, user_id)
    session.execute(update(ApiToken).where(ApiToken.user_id == user_id).values(revoked_at=now()))
    session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user_id))


def require_other_administrator(session: Session, user: User) -> None:
    """Raise an error if a user is the only administrator who can log in."""
    if user.role is UserRole.ADMINISTRATOR and user.state is UserState.ACTIVE and count_administrators(session) == 1:
        raise AccountError("This is the only administrator. Make another user an administrator first.")


def count_administrators(session: Session) -> int:
    """Return the number of administrators who can log in."""
    active = (User.role == UserRole.ADMINISTRATOR, User.state == UserState.ACTIVE)
    return session.scalar(select(func.count()).select_from(User).where(*active)) or 0
