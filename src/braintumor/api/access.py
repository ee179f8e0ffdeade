"""Who calls the API: the holder of a token, a logged-in browser, or the one user of this computer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers

from braintumor.api.origins import is_same_origin
from braintumor.api.state import ServerState, State
from braintumor.auth.api_tokens import Scope, find_token_holder
from braintumor.auth.sessions import Visitor
from braintumor.db.history import has_storage, is_history_on
from braintumor.db.storage import Actor

_BEARER: Final = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of the account page (`/account`), which begins with `bt_`. Not needed while accounts are off.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
_CHALLENGE: Final = {"WWW-Authenticate": "Bearer"}
_NO_TOKEN: Final = "Send a token: Authorization: Bearer bt_... Create one on the account page."
_BAD_TOKEN: Final = "This token is unknown, expired or revoked. Create another one on the account page."
_OTHER_SITE: Final = "This request does not come from a page of this server. Programs use a token."
_HISTORY_OFF: Final = "Nothing is stored on this server. Switch on the history on the History page of the dashboard."
_ACCOUNTS_OFF: Final = "This needs accounts. Start the server with BRAINTUMOR_ACCOUNTS=on."


@dataclass(frozen=True, slots=True)
class Caller:
    """The user on whose behalf a request acts, and what it may do."""

    actor: Actor
    scopes: frozenset[Scope]


def find_caller(request: Request, state: ServerState) -> Caller:
    """Return who calls. Reads the database.

    Raises
    ------
    HTTPException
        Nobody (401); a browser on a page of another site (403); there is no history (409).
    """
    if not state.settings.accounts:
        _refuse_other_sites(request.headers)
        return Caller(_find_local_actor(state), frozenset({Scope.READ, Scope.WRITE}))
    if (header := request.headers.get("authorization")) is not None:
        kind, _, token = header.partition(" ")
        holder = find_token_holder(state.storage, token.strip()) if kind.casefold() == "bearer" else None
        if holder is None:
            raise HTTPException(401, _BAD_TOKEN, _CHALLENGE)
        return Caller(holder.actor, holder.scopes)
    visitor = state.find_visitor(request.cookies)
    if visitor is None:
        raise HTTPException(401, _NO_TOKEN, _CHALLENGE)
    if not is_same_origin(request.headers):
        raise HTTPException(403, _OTHER_SITE)
    return Caller(visitor.actor, _scopes_of(visitor))


def require_scope(scope: Scope) -> Callable[[Request, ServerState, Credentials], Caller]:
    """Return a dependency that finds the caller and checks its scope."""

    def find(request: Request, state: State, credentials: Credentials) -> Caller:
        if scope is Scope.ADMIN and not state.settings.accounts:
            raise HTTPException(409, _ACCOUNTS_OFF)
        caller = find_caller(request, state)
        if scope not in caller.scopes:
            raise HTTPException(403, f"This needs a token with the scope {scope}.")
        return caller

    return find


def require_account(request: Request, state: State, credentials: Credentials) -> Caller:
    """Return the caller where accounts are on, whatever its scopes."""
    if not state.settings.accounts:
        raise HTTPException(409, _ACCOUNTS_OFF)
    return find_caller(request, state)


def allow_guest(request: Request, state: State, credentials: Credentials) -> Caller | None:
    """Return the caller; None while accounts are off, for what stores nothing."""
    if not state.settings.accounts:
        _refuse_other_sites(request.headers)
        return None
    caller = find_caller(request, state)
    if Scope.READ not in caller.scopes:
        raise HTTPException(403, f"This needs a token with the scope {Scope.READ}.")
    return caller


def allow_metrics(request: Request, state: State, credentials: Credentials) -> None:
    """Let administrators read the metrics; while accounts are off, every program of this computer."""
    if state.settings.accounts:
        require_scope(Scope.ADMIN)(request, state, credentials)
    else:
        _refuse_other_sites(request.headers)


Reader = Annotated[Caller, Depends(require_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(require_scope(Scope.WRITE))]
Administrator = Annotated[Caller, Depends(require_scope(Scope.ADMIN))]
AccountHolder = Annotated[Caller, Depends(require_account)]
Guest = Annotated[Caller | None, Depends(allow_guest)]


def _scopes_of(visitor: Visitor) -> frozenset[Scope]:
    return frozenset(scope for scope in Scope if scope is not Scope.ADMIN or visitor.actor.is_administrator)


def _find_local_actor(state: ServerState) -> Actor:
    if not has_storage(state.settings) or not is_history_on(state.storage):
        raise HTTPException(409, _HISTORY_OFF)
    return state.local_actor


def _refuse_other_sites(headers: Headers) -> None:
    """Refuse browsers on pages of other sites, where no login protects this server. Programs send neither header."""
    if ("sec-fetch-site" in headers or "origin" in headers) and not is_same_origin(headers):
        raise HTTPException(403, _OTHER_SITE)
