"""One-time links: first administrator, invitation, new password. Only hashes of their tokens are stored."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from braintumor.auth.secret_tokens import hash_token, new_token
from braintumor.db.storage import Storage
from braintumor.db.tables import LinkPurpose, OneTimeLink, User, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import AccountError

_HOURS: Final = {LinkPurpose.SETUP: 24, LinkPurpose.INVITATION: 7 * 24, LinkPurpose.PASSWORD_RESET: 1}
_INVALID: Final = "This link has been used, has expired or was replaced by a newer one. Ask for a new one."


@dataclass(frozen=True, slots=True)
class LinkSummary:
    """What a valid link is for, and for whom. `email` is None where its holder chooses it."""

    purpose: LinkPurpose
    user_id: UUID | None
    email: str | None
    role: UserRole


def link_url(base_url: str, token: str) -> str:
    """Return the address of a link; `base_url` is the server's own."""
    return f"{base_url.rstrip('/')}/account/link?token={token}"


def create_link(
    session: Session,
    purpose: LinkPurpose,
    *,
    user_id: UUID | None = None,
    email: str | None = None,
    role: UserRole | None = None,
    created_by: UUID | None = None,
) -> str:
    """Add a link in a transaction and return its token.

    An earlier invitation of the same user stops working. Links for a new password stay valid, so that nobody can take
    a user's link away by asking for another one; all end when the password is set.
    """
    if purpose is LinkPurpose.SETUP or (purpose is LinkPurpose.INVITATION and user_id is not None):
        same = (OneTimeLink.purpose == purpose, OneTimeLink.user_id == user_id)
        session.execute(delete(OneTimeLink).where(*same, OneTimeLink.used_at.is_(None)))
    token, time = new_token(), now()
    session.add(
        OneTimeLink(
            token_hash=hash_token(token),
            purpose=purpose,
            user_id=user_id,
            email=email,
            role=role,
            created_by=created_by,
            created_at=time,
            expires_at=time + timedelta(hours=_HOURS[purpose]),
        )
    )
    return token


def find_link(storage: Storage, token: str) -> LinkSummary:
    """Return what a link is for, without using it: mail scanners open links too.

    Raises
    ------
    AccountError
        It does not exist, was used, or has expired.
    """
    with storage.database.read() as session:
        row = session.execute(
            select(OneTimeLink, User.email)
            .outerjoin(User, User.id == OneTimeLink.user_id)
            .where(OneTimeLink.token_hash == hash_token(token), *_is_valid())
        ).first()
    if row is None:
        raise AccountError(_INVALID)
    link, email = row
    return LinkSummary(link.purpose, link.user_id, email or link.email, link.role or UserRole.READER)


def use_link(session: Session, token: str, *purposes: LinkPurpose) -> OneTimeLink:
    """Use a link in a transaction: of two at the same time, one succeeds.

    Raises
    ------
    AccountError
        It does not exist, was used, has expired, or is for something else.
    """
    which = (OneTimeLink.token_hash == hash_token(token), OneTimeLink.purpose.in_(purposes), *_is_valid())
    used = session.execute(update(OneTimeLink).where(*which).values(used_at=now()))
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise AccountError(_INVALID)
    return session.scalars(select(OneTimeLink).where(OneTimeLink.token_hash == hash_token(token))).one()


def _is_valid() -> tuple[ColumnElement[bool], ...]:
    return (OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now())
