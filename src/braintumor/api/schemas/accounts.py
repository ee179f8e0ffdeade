"""Users, tokens and audit log."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from braintumor.api.schemas.base import Body, ResponseModel
from braintumor.db.tables import UserRole, UserState


class Me(ResponseModel):
    """Who a token or session belongs to, and what it may do."""

    id: UUID
    role: UserRole
    scopes: list[str]


class UserResponse(ResponseModel):
    """A user as administrators see them."""

    id: UUID
    email: str | None
    name: str
    role: UserRole
    state: UserState
    created_at: datetime
    last_login_at: datetime | None


class InvitationBody(Body):
    """Whom to invite."""

    email: str = Field(max_length=254, examples=["grace@example.org"])
    role: UserRole = UserRole.READER


class UserChange(Body):
    """What to change of a user; what is left out stays."""

    role: UserRole | None = Field(default=None, examples=["reader"])
    state: Literal["active", "disabled"] | None = Field(default=None, examples=["active"])


class OneTimeLinkResponse(ResponseModel):
    """A link that works once. It is shown only here; pass it on to the user."""

    link: str


class TokenResponse(ResponseModel):
    """A token, without its text, which is shown once when it is created on the account page."""

    id: UUID
    name: str
    scopes: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class AuditResponse(ResponseModel):
    """An entry of the audit log."""

    number: int
    at: datetime
    actor: str = Field(description="Address of the user, id of a deleted one, or empty for the program itself.")
    action: str
    what: str
    details: str
