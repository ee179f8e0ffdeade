"""Users, for administrators; and who the caller is."""

from uuid import UUID

from fastapi import APIRouter, HTTPException, Request

from braintumor.api.access import AccountHolder, Administrator
from braintumor.api.response_docs import error_responses
from braintumor.api.schemas.accounts import InvitationBody, Me, OneTimeLinkResponse, UserChange, UserResponse
from braintumor.api.state import ServerState, State
from braintumor.auth.account_deletion import delete_user
from braintumor.auth.links import link_url
from braintumor.auth.users import (
    change_role,
    create_reset_link,
    disable_user,
    enable_user,
    invite_user,
    list_users,
    normalize_email,
)
from braintumor.db.access_log import log_access
from braintumor.db.storage import Actor

router = APIRouter(prefix="/api/v1", tags=["users"])
_ERRORS = error_responses(401, 403, 404, 409, 422)
_BODY_ERRORS = _ERRORS | error_responses(415)


@router.get("/me", responses=error_responses(401, 403, 409))
def show_caller(caller: AccountHolder) -> Me:
    """Return who the token or session belongs to, and what it may do."""
    return Me(id=caller.actor.id, role=caller.actor.role, scopes=sorted(caller.scopes))


@router.get("/users", responses=error_responses(401, 403, 409))
def show_users(state: State, caller: Administrator) -> list[UserResponse]:
    """List all users."""
    log_access(state.storage, caller.actor, "users.listed", "user:all")
    return [UserResponse.model_validate(user) for user in list_users(state.storage, caller.actor)]


@router.post("/users", status_code=201, responses=_BODY_ERRORS)
def invite(request: Request, state: State, caller: Administrator, body: InvitationBody) -> OneTimeLinkResponse:
    """Invite a user. The answer is the link to the account, valid for a week and shown only here."""
    token = invite_user(state.storage, caller.actor, normalize_email(body.email), body.role)
    return _answer_link(request, state, token)


@router.patch("/users/{user_id}", responses=_BODY_ERRORS)
def change_user(state: State, caller: Administrator, user_id: UUID, change: UserChange) -> UserResponse:
    """Change the role of a user, or disable and enable the account."""
    email = _require_email(state, caller.actor, user_id)
    if change.role is not None:
        change_role(state.storage, caller.actor, email, change.role)
    if change.state is not None:
        switch = enable_user if change.state == "active" else disable_user
        switch(state.storage, caller.actor, email)
    return _require_user(state, caller.actor, user_id)


@router.post("/users/{user_id}/reset-link", status_code=201, responses=_ERRORS)
def create_link(request: Request, state: State, caller: Administrator, user_id: UUID) -> OneTimeLinkResponse:
    """Create a link to set a new password, valid for an hour and shown only here."""
    email = _require_email(state, caller.actor, user_id)
    return _answer_link(request, state, create_reset_link(state.storage, caller.actor, email))


@router.delete("/users/{user_id}", status_code=204, responses=_ERRORS)
def remove_user(state: State, caller: Administrator, user_id: UUID) -> None:
    """Delete an account with all its scans and results, for good."""
    _require_user(state, caller.actor, user_id)
    delete_user(state.storage, caller.actor, user_id)


def _require_user(state: ServerState, actor: Actor, user_id: UUID) -> UserResponse:
    for user in list_users(state.storage, actor):
        if user.id == user_id:
            return UserResponse.model_validate(user)
    raise HTTPException(404, "There is no such user.")


def _require_email(state: ServerState, actor: Actor, user_id: UUID) -> str:
    email = _require_user(state, actor, user_id).email
    if email is None:
        raise HTTPException(409, "This user has no address. Change the account at the provider of single sign-on.")
    return email


def _answer_link(request: Request, state: ServerState, token: str) -> OneTimeLinkResponse:
    base_url = state.settings.public_url or str(request.base_url)
    return OneTimeLinkResponse(link=link_url(base_url, token))
