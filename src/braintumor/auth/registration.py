"""Create accounts: by oneself, by invitation, as first administrator; set a new password by link."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from braintumor.auth.links import create_link, find_link, use_link
from braintumor.auth.login import begin_session, set_password
from braintumor.auth.mail import can_mail
from braintumor.auth.passwords import check_new_password, hash_password
from braintumor.auth.sessions import Browser
from braintumor.auth.users import clean_name, count_administrators, find_user_by_email, normalize_email
from braintumor.db.storage import Storage
from braintumor.db.tables import LinkPurpose, User, UserRole, UserState
from braintumor.db.tables.base import now
from braintumor.errors import AccountError

_JOIN: Final = (LinkPurpose.SETUP, LinkPurpose.INVITATION)

# Sends the token of a link to an address; an empty token says that there is an account already.
SendLink = Callable[[str, str], None]


def register(storage: Storage, email: str, name: str, password: str, browser: Browser) -> str:
    """Create an account where registration is open without mail, and return the token of its first session.

    Raises
    ------
    AccountError
        Registration is not open, the password is refused, or the address cannot be used.
    """
    require_open_registration(storage)
    if can_mail(storage.settings):
        raise AccountError("Ask for a link by mail to create an account.")
    email, name = normalize_email(email), clean_name(name)
    check_new_password(password, email, name)
    new_hash = hash_password(password)
    with storage.database.write() as session:
        user = _add_user(session, email, name, UserRole.READER)
        set_password(session, user, new_hash)
        storage.audit.append(session, user.id, "user.registered", f"user:{user.id}")
        return begin_session(session, storage, user, browser, None)


def request_registration(storage: Storage, email: str, send: SendLink) -> None:
    """Mail a link to an address that wants an account. What the visitor sees does not tell whether it has one.

    Raises
    ------
    AccountError
        Registration is not open, or the text is no address.
    """
    require_open_registration(storage)
    email = normalize_email(email)
    with storage.database.write() as session:
        exists = find_user_by_email(session, email) is not None
        token = create_link(session, LinkPurpose.INVITATION, email=email, role=UserRole.READER)
        if exists:  # the link is made in both cases, which then take the same time
            use_link(session, token, LinkPurpose.INVITATION)
        storage.audit.append(session, None, "user.registration_requested", "user:new")
    send(email, "" if exists else token)


def request_reset(storage: Storage, email: str, send: SendLink) -> None:
    """Mail a link to set a new password, if there is such an account with a password."""
    with storage.database.write() as session:
        user = find_user_by_email(session, email)
        may_reset = user is not None and user.state is UserState.ACTIVE and user.password_hash is not None
        token = create_link(session, LinkPurpose.PASSWORD_RESET, user_id=user.id if user and may_reset else None)
        if not may_reset:
            use_link(session, token, LinkPurpose.PASSWORD_RESET)
        storage.audit.append(session, None, "password.reset_requested", f"user:{user.id if user else 'unknown'}")
    if user is not None and user.email and may_reset:
        send(user.email, token)


def accept_link(
    storage: Storage, token: str, email: str, name: str, password: str, browser: Browser, old_token: str | None = None
) -> str:
    """Create the account of an invitation or of the first administrator, and return the token of its first session.

    Parameters
    ----------
    email : str
        Ignored where the invitation names an address.

    Raises
    ------
    AccountError
        The link is not valid any more, or a value is refused; then the link can be tried again.
    """
    link = find_link(storage, token)
    email, name = normalize_email(link.email or email), clean_name(name)
    check_new_password(password, email, name)
    new_hash = hash_password(password)
    with storage.database.write() as session:
        user = join_by_link(session, storage, token, email, name)
        set_password(session, user, new_hash)
        return begin_session(session, storage, user, browser, old_token)


def join_by_link(session: Session, storage: Storage, token: str, email: str | None, name: str) -> User:
    """Use an invitation in a transaction and return its user, who is active from now on.

    Raises
    ------
    AccountError
        The link is not valid any more, or there is an account with the address.
    """
    link = use_link(session, token, *_JOIN)
    if link.purpose is LinkPurpose.SETUP and count_administrators(session):
        raise AccountError("An administrator already exists. Ask for an invitation.")
    if link.user_id is None:
        user = _add_user(session, link.email or email, name, link.role or UserRole.READER)
    else:
        invited = session.get(User, link.user_id)
        if invited is None or invited.state is not UserState.INVITED:
            raise AccountError("This invitation was accepted or withdrawn already.")
        user, user.state, user.name = invited, UserState.ACTIVE, name
    storage.audit.append(session, user.id, "user.joined", f"user:{user.id}", role=str(user.role))
    return user


def reset_password(storage: Storage, token: str, password: str, browser: Browser) -> str:
    """Set a new password by link, end all sessions of the user, and return the token of a new one.

    Raises
    ------
    AccountError
        The link is not valid any more, or the password is refused; then the link can be tried again.
    """
    link = find_link(storage, token)
    with storage.database.read() as session:
        user = session.get(User, link.user_id) if link.user_id else None
        own = (user.email or "", user.name) if user else ()
    check_new_password(password, *own)
    new_hash = hash_password(password)
    with storage.database.write() as session:
        used = use_link(session, token, LinkPurpose.PASSWORD_RESET)
        row = session.get(User, used.user_id)
        if row is None or row.state is not UserState.ACTIVE:
            raise AccountError("This account is disabled. Ask an administrator.")
        set_password(session, row, new_hash)
        storage.audit.append(session, row.id, "password.reset", f"user:{row.id}")
        return begin_session(session, storage, row, browser, None)


def require_open_registration(storage: Storage) -> None:
    """Raise an error unless everyone may create an account."""
    if storage.settings.registration != "open":
        raise AccountError("Accounts are created by invitation here. Ask an administrator for a link.")


def _add_user(session: Session, email: str | None, name: str, role: UserRole) -> User:
    if email and find_user_by_email(session, email) is not None:
        raise AccountError("This address cannot be used. Log in if you have an account, or ask an administrator.")
    user = User(email=email, name=name, role=role, state=UserState.ACTIVE, created_at=now())
    session.add(user)
    session.flush()
    return user
