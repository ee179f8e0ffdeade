"""Own tokens. They are created on the account page only, with the password, so that a stolen token makes no others."""

from uuid import UUID

from fastapi import APIRouter, HTTPException

from braintumor.api.access import AccountHolder, Writer
from braintumor.api.response_docs import error_responses
from braintumor.api.schemas.accounts import TokenResponse
from braintumor.api.state import State
from braintumor.auth.api_tokens import list_tokens, revoke_api_token

router = APIRouter(prefix="/api/v1/tokens", tags=["tokens"])


@router.get("", responses=error_responses(401, 403, 409))
def show_tokens(state: State, caller: AccountHolder) -> list[TokenResponse]:
    """List own tokens that are valid, the newest first. Create one at `/account`."""
    return [TokenResponse.model_validate(token) for token in list_tokens(state.storage, caller.actor)]


@router.delete("/{token_id}", status_code=204, responses=error_responses(401, 403, 404, 409, 422))
def revoke_token(state: State, caller: Writer, token_id: UUID) -> None:
    """Revoke an own token at once."""
    if token_id not in {token.id for token in list_tokens(state.storage, caller.actor)}:
        raise HTTPException(404, "You have no such token. It may be revoked already.")
    revoke_api_token(state.storage, caller.actor, token_id)
