"""One's own account: password, sessions, tokens, deletion."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from braintumor.api.account.cookies import clear_session_token, set_session_token
from braintumor.api.account.notices import notify
from braintumor.api.account.pages import Form, LoggedIn, redirect, render, render_error
from braintumor.api.state import CurrentBrowser, ServerState, State
from braintumor.auth.account_deletion import delete_user
from braintumor.auth.api_tokens import MAX_DAYS, Scope, create_token, list_tokens, revoke_api_token
from braintumor.auth.login import change_password, check_own_password
from braintumor.auth.sessions import Visitor, list_sessions, revoke_other_sessions, revoke_session
from braintumor.errors import AccountError

router = APIRouter()
_PAGE: Final = "account.html"


@router.get("")
def show_account(request: Request, state: State, visitor: LoggedIn, done: str = "") -> Response:
    """Show the account of the logged-in user."""
    message = {"password": "Your password was changed.", "connected": "Single sign-on was connected."}.get(done, "")
    return render(request, _PAGE, message=message, **_values(state, visitor))


@router.post("/password")
def submit_password(request: Request, state: State, visitor: LoggedIn, browser: CurrentBrowser, form: Form) -> Response:
    """Change the password; all other sessions end."""
    old, new = form.get("password", ""), form.get("new_password", "")
    try:
        token = change_password(state.storage, state.throttle, visitor, old, new, browser)
    except AccountError as error:
        return render_error(request, _PAGE, error, **_values(state, visitor))
    notify(state, visitor.email, "The password of your account was changed.")
    response = redirect("/account?done=password")
    set_session_token(response, state.settings, token)
    return response


@router.post("/sessions/revoke")
def submit_revoke_session(request: Request, state: State, visitor: LoggedIn, form: Form) -> Response:
    """End one session, or all others."""
    try:
        if form.get("id") == "others":
            revoke_other_sessions(state.storage, visitor)
        else:
            revoke_session(state.storage, visitor.actor, _parse_id(form.get("id")))
    except AccountError as error:
        return render_error(request, _PAGE, error, **_values(state, visitor))
    return redirect("/account")


@router.post("/tokens")
def submit_token(request: Request, state: State, visitor: LoggedIn, form: Form) -> Response:
    """Create a token and show it once."""
    days = form.get("days", "")
    try:
        scopes = {Scope(scope) for scope in form["scopes"].split() if scope in list(Scope)}
        check_own_password(state.storage, state.throttle, visitor, form.get("password", ""))
        number = int(days) if days.isdecimal() and len(days) < 5 else 0
        token = create_token(state.storage, visitor.actor, form.get("name", ""), scopes, number)
    except AccountError as error:
        return render_error(request, _PAGE, error, **_values(state, visitor))
    notify(state, visitor.email, "An API token was created for your account.")
    return render(request, "token.html", token=token)


@router.post("/tokens/revoke")
def submit_revoke_token(request: Request, state: State, visitor: LoggedIn, form: Form) -> Response:
    """Revoke a token."""
    try:
        revoke_api_token(state.storage, visitor.actor, _parse_id(form.get("id")))
    except AccountError as error:
        return render_error(request, _PAGE, error, **_values(state, visitor))
    return redirect("/account")


@router.get("/delete")
def show_delete(request: Request, visitor: LoggedIn) -> Response:
    """Show what is deleted with the account."""
    return render(request, "delete.html", visitor=visitor)


@router.post("/delete")
def submit_delete(request: Request, state: State, visitor: LoggedIn, form: Form) -> Response:
    """Delete the account with all its data."""
    try:
        if form.get("confirm") != "delete":
            raise AccountError("Type the word delete to confirm.")
        check_own_password(state.storage, state.throttle, visitor, form.get("password", ""))
        delete_user(state.storage, visitor.actor, visitor.user_id)
    except AccountError as error:
        return render_error(request, "delete.html", error, visitor=visitor)
    text = "Your account, its scans and results were deleted."
    response = render(request, "message.html", title="Account deleted", text=text)
    clear_session_token(response, state.settings)
    return response


def _values(state: ServerState, visitor: Visitor) -> dict[str, Any]:
    return {
        "visitor": visitor,
        "sessions": list_sessions(state.storage, visitor.actor),
        "tokens": list_tokens(state.storage, visitor.actor),
        "scopes": [scope for scope in Scope if scope is not Scope.ADMIN or visitor.actor.is_administrator],
        "max_days": MAX_DAYS,
    }


def _parse_id(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise AccountError("This entry no longer exists. Reload the page.") from None
