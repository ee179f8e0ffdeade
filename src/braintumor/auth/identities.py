"""Users of single sign-on: joined on issuer and subject, never on the address, which can change hands."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from braintumor.auth.login import begin_session
from braintumor.auth.oidc import Claims
from braintumor.auth.registration import join_by_link, require_open_registration
from braintumor.auth.sessions import Browser, Visitor
from braintumor.auth.users import clean_name, find_user_by_email, normalize_email
from braintumor.db.access_log import log_access
from braintumor.db.storage import Storage
from braintumor.db.tables import Identity, User, UserRole, UserState
from braintumor.errors import AccountError

_DISABLED = "This account is disabled. Ask an administrator."


def log_in_with_identity(
    storage: Storage, claims: Claims, browser: Browser, link: str = "", old_token: str | None = None
) -> str:
    """Log in whom the provider vouches for, and return the token of a new session.

    A new user needs an invitation, or open registration.

    Parameters
    ----------
    link : str
        Token of the invitation that the browser came with; empty without one.

    Raises
    ------
    AccountError
        The account is disabled, or the user has none and may not create one.
    """
    try:
        with storage.database.write() as session:
            user = _find_user(session, claims) or _create_user(session, storage, claims, link)
            if user.state is not UserState.ACTIVE:
                raise AccountError(_DISABLED)
            return begin_session(session, storage, user, browser, old_token, how="single-sign-on")
    except AccountError:
        log_access(storage, None, "login.failed", "user:unknown", how="single-sign-on")
        raise


def connect_identity(storage: Storage, visitor: Visitor, claims: Claims) -> None:
    """Let the logged-in user log in by single sign-on from now on.

    Raises
    ------
    AccountError
        The identity belongs to another account.
    """
    with storage.database.write() as session:
        user = _find_user(session, claims)
        if user is not None and user.id != visitor.user_id:
            raise AccountError("This single sign-on identity belongs to another account.")
        if user is None:
            _add_identity(session, storage, visitor.user_id, claims)


def _find_user(session: Session, claims: Claims) -> User | None:
    same = (Identity.issuer == claims.issuer, Identity.subject == claims.subject)
    return session.scalars(select(User).join(Identity, Identity.user_id == User.id).where(*same)).first()


def _create_user(session: Session, storage: Storage, claims: Claims, link: str) -> User:
    email = _free_email(session, claims)
    name = clean_name(claims.name)
    if link:
        user = join_by_link(session, storage, link, email, name)
    else:
        require_open_registration(storage)
        user = User(email=email, name=name, role=UserRole.READER, state=UserState.ACTIVE)
        session.add(user)
        session.flush()
        storage.audit.append(session, user.id, "user.registered", f"user:{user.id}")
    _add_identity(session, storage, user.id, claims)
    return user


def _add_identity(session: Session, storage: Storage, user_id: object, claims: Claims) -> None:
    identity = Identity(user_id=user_id, issuer=claims.issuer, subject=claims.subject)
    session.add(identity)
    session.flush()
    storage.audit.append(session, identity.user_id, "identity.connected", f"identity:{identity.id}")


def _free_email(session: Session, claims: Claims) -> str | None:
    """Return the verified address, unless another account has it."""
    if claims.email is None:
        return None
    email = normalize_email(claims.email)
    return None if find_user_by_email(session, email) else email
