"""Log in with a password, log out, change the password."""

from datetime import timedelta
from typing import Final

from sqlalchemy import delete
from sqlalchemy.orm import Session

from braintumor.auth.devices import find_place
from braintumor.auth.passwords import check_new_password, hash_password, needs_rehash, verify_password
from braintumor.auth.sessions import Browser, Visitor, revoke_all, revoke_token, start_session
from braintumor.auth.throttle import Throttle
from braintumor.auth.users import find_user_by_email
from braintumor.db.access_log import log_access
from braintumor.db.storage import Storage
from braintumor.db.tables import LinkPurpose, OneTimeLink, User, UserState
from braintumor.db.tables.base import now
from braintumor.errors import AccountError

_RECENT_LOGIN: Final = timedelta(minutes=10)
_REFUSED: Final = "The address or the password is wrong, or the account is disabled."


def log_in(
    storage: Storage, throttle: Throttle, email: str, password: str, browser: Browser, old_token: str | None = None
) -> str:
    """Check a password and return the token of a new session.

    Each refusal takes the same steps, whether the account exists or not: one look-up, one Argon2 verification, one
    audit entry.

    Parameters
    ----------
    storage : Storage
    throttle : Throttle
    email, password : str
    browser : Browser
    old_token : str, optional
        Of the session that the browser had before; it ends, so that nobody can plant one.

    Raises
    ------
    TooManyAttemptsError
        This address tried this account too often.
    AccountError
        The address or password is wrong, or the account is disabled. The message does not say which.
    """
    with storage.database.read() as session:
        user = find_user_by_email(session, email)
    place = find_place(user, browser.address, browser.device)
    throttle.begin(place, email)
    matches = verify_password(user.password_hash if user else None, password)
    if user is None or not matches or user.state is not UserState.ACTIVE:
        with storage.database.write() as session:
            storage.audit.append(session, None, "login.failed", f"user:{user.id if user else 'unknown'}")
        raise AccountError(_REFUSED)
    new_hash = hash_password(password) if user.password_hash and needs_rehash(user.password_hash) else None
    with storage.database.write() as session:
        row = _require_unchanged(session, user)
        row.password_hash = new_hash or row.password_hash
        token = begin_session(session, storage, row, browser, old_token)
    throttle.succeed(place, email)
    return token


def begin_session(
    session: Session, storage: Storage, user: User, browser: Browser, old_token: str | None, how: str = "password"
) -> str:
    """Start a session of a user whose identity was proven, in a transaction; the browser's old session ends."""
    revoke_token(session, old_token)
    user.last_login_at = now()
    token = start_session(session, storage.settings, user.id, browser)
    storage.audit.append(session, user.id, "login", f"user:{user.id}", how=how)
    return token


def log_out(storage: Storage, token: str | None) -> None:
    """End a session; nothing happens if it has ended already."""
    with storage.database.write() as session:
        user_id = revoke_token(session, token)
        if user_id is not None:
            storage.audit.append(session, user_id, "logout", f"user:{user_id}")


def change_password(
    storage: Storage, throttle: Throttle, visitor: Visitor, password: str, new_password: str, browser: Browser
) -> str:
    """Change the password of the logged-in user and return the token of a new session; all others end.

    Raises
    ------
    TooManyAttemptsError
        The old password was wrong too often.
    AccountError
        The old password is wrong, or the new one is refused.
    """
    user = check_own_password(storage, throttle, visitor, password)
    check_new_password(new_password, user.name, user.email or "")
    new_hash = hash_password(new_password)
    with storage.database.write() as session:
        row = _require_unchanged(session, user)
        set_password(session, row, new_hash)
        storage.audit.append(session, row.id, "password.changed", f"user:{row.id}")
        return begin_session(session, storage, row, browser, None)


def check_own_password(storage: Storage, throttle: Throttle, visitor: Visitor, password: str) -> User:
    """Check the password of the logged-in user before something that a stolen session must not do.

    Users who only log in by single sign-on have none. They pass for ten minutes after a login.

    Raises
    ------
    TooManyAttemptsError
        It was wrong too often.
    AccountError
        It is wrong, or the login by single sign-on was too long ago.
    """
    with storage.database.read() as session:
        user = session.get(User, visitor.user_id)
    if user is None:
        raise AccountError("This account no longer exists. Ask an administrator for an invitation.")
    if user.password_hash is None:
        _require_recent_login(storage, visitor)
        return user
    # Failures here delay neither the login nor other users.
    place, account = f"session {visitor.session_id}", f"own {visitor.user_id}"
    throttle.begin(place, account)
    if not verify_password(user.password_hash, password):
        log_access(storage, visitor.actor, "password.refused")
        raise AccountError("The current password is wrong.")
    throttle.succeed(place, account)
    return user


def _require_recent_login(storage: Storage, visitor: Visitor) -> None:
    logged_in_at = visitor.expires_at - timedelta(hours=storage.settings.session_hours)
    if now() - logged_in_at > _RECENT_LOGIN:
        raise AccountError("Log out, log in again by single sign-on, and do this within ten minutes.")


def set_password(session: Session, user: User, password_hash: str) -> None:
    """Store a new password in a transaction. All sessions of the user end, and so do links to set one."""
    user.password_hash = password_hash
    user.password_changed_at = now()
    revoke_all(session, user.id)
    resets = (OneTimeLink.user_id == user.id, OneTimeLink.purpose == LinkPurpose.PASSWORD_RESET)
    session.execute(delete(OneTimeLink).where(*resets, OneTimeLink.used_at.is_(None)))


def _require_unchanged(session: Session, user: User) -> User:
    """Return the row of a user, whose password was checked outside this transaction."""
    row: User | None = session.get(User, user.id)
    if row is None or row.state is not UserState.ACTIVE or row.password_hash != user.password_hash:
        raise AccountError(_REFUSED)
    return row
