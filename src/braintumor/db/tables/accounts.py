"""Tables of accounts: users, identities of single sign-on, sessions, API tokens, one-time links."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from braintumor.db.tables.base import Base, choice_column, hash_column, new_id, now
from braintumor.db.tables.states import LinkPurpose, UserRole, UserState

# Owner of the history while accounts are off.
LOCAL_USER_ID: Final = UUID(int=0)


class User(Base):
    """A person with an account.

    Attributes
    ----------
    email : str or None
        Address to log in with, case-folded. None for users who only log in by single sign-on.
    name : str
        Name to display.
    password_hash : str or None
        Argon2id hash; None without a password.
    """

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[UserRole] = mapped_column(choice_column(UserRole), default=UserRole.READER)
    state: Mapped[UserState] = mapped_column(choice_column(UserState), default=UserState.ACTIVE)
    created_at: Mapped[datetime] = mapped_column(default=now)
    password_changed_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]


class Identity(Base):
    """A user's identity at an OpenID Connect provider, joined on issuer and subject, never on the address."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)


class LoginSession(Base):
    """A login in one browser. Only the hash of its token is stored."""

    __tablename__ = "sessions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(hash_column(), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(64), default="")


class ApiToken(Base):
    """An API token. Only its hash is stored; `scopes` are words separated by spaces."""

    __tablename__ = "api_tokens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(hash_column(), unique=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link that works once: first administrator, invitation, new password. Only the hash of its token is stored.

    Attributes
    ----------
    user_id : UUID or None
        Whose password is set; None for a user who does not exist yet.
    email, role
        Of the invited user, where the inviter chose them.
    """

    __tablename__ = "one_time_links"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    token_hash: Mapped[str] = mapped_column(hash_column(), unique=True)
    purpose: Mapped[LinkPurpose] = mapped_column(choice_column(LinkPurpose))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email: Mapped[str | None] = mapped_column(String(320))
    role: Mapped[UserRole | None] = mapped_column(choice_column(UserRole))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
