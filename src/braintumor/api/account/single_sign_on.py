"""Log in at an OpenID Connect provider, or connect an account with one."""

import base64
import json
from dataclasses import astuple, dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from braintumor.api.account.cookies import get_flow, get_session_token, set_flow, set_session_token
from braintumor.api.account.notices import notify
from braintumor.api.account.pages import Form, LoggedIn, redirect, render
from braintumor.api.origins import safe_next
from braintumor.api.state import CurrentBrowser, ServerState, State
from braintumor.auth.identities import connect_identity, log_in_with_identity
from braintumor.auth.login import check_own_password
from braintumor.auth.oidc import LOGIN_NOT_STARTED, Flow, Provider
from braintumor.errors import AccountError

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Journey:
    """What the browser keeps while it is at the provider. `connect` is empty, or the session that connects."""

    state: str
    nonce: str
    verifier: str
    next: str = "/"
    link: str = ""
    connect: str = ""

    def __str__(self) -> str:
        return base64.urlsafe_b64encode(json.dumps(astuple(self)).encode()).decode()


@router.get("/sso")
def begin_login(request: Request, state: State, next: str = "/", link: str = "") -> Response:  # noqa: A002 - query field
    """Send the browser to the provider."""
    try:
        url, flow = _provider(state).begin(_callback_url(request, state))
    except AccountError as error:
        return _refuse(request, error)
    response = redirect(url)
    journey = _Journey(flow.state, flow.nonce, flow.verifier, next=safe_next(next), link=link[:100])
    set_flow(response, state.settings, str(journey))
    return response


@router.post("/sso")
def begin_connect(request: Request, state: State, visitor: LoggedIn, form: Form) -> Response:
    """Show the way to the provider to a logged-in user, who logs in there to connect both accounts.

    A link, because browsers block forms that are redirected to another host.
    """
    try:
        check_own_password(state.storage, state.throttle, visitor, form.get("password", ""))
        url, flow = _provider(state).begin(_callback_url(request, state))
    except AccountError as error:
        return _refuse(request, error)
    response = render(request, "connect.html", url=url)
    journey = _Journey(flow.state, flow.nonce, flow.verifier, connect=str(visitor.session_id))
    set_flow(response, state.settings, str(journey))
    return response


@router.get("/sso/callback")
def finish(request: Request, state: State, browser: CurrentBrowser, code: str = "") -> Response:
    """Check the provider's answer and log in, or connect."""
    try:
        journey = _parse_journey(get_flow(request, state.settings))
        flow = Flow(journey.state, journey.nonce, journey.verifier)
        answer = request.query_params.get("state", "")
        claims = _provider(state).finish(_callback_url(request, state), flow, answer, code)
        if journey.connect:
            visitor = state.find_visitor(request.cookies)
            if visitor is None or str(visitor.session_id) != journey.connect:
                raise AccountError("Your session has ended. Log in and connect again.")
            connect_identity(state.storage, visitor, claims)
            notify(state, visitor.email, "Single sign-on was connected with your account.")
            response: Response = redirect("/account?done=connected")
        else:
            old_token = get_session_token(request, state.settings)
            token = log_in_with_identity(state.storage, claims, browser, journey.link, old_token)
            response = redirect(safe_next(journey.next))
            set_session_token(response, state.settings, token)
    except AccountError as error:
        response = _refuse(request, error)
    set_flow(response, state.settings, "")
    return response


def _provider(state: ServerState) -> Provider:
    if state.provider is None:
        raise AccountError("Single sign-on is not set up on this server.")
    return state.provider


def _callback_url(request: Request, state: ServerState) -> str:
    return f"{(state.settings.public_url or str(request.base_url)).rstrip('/')}/account/sso/callback"


def _parse_journey(text: str | None) -> _Journey:
    try:
        return _Journey(*map(str, json.loads(base64.urlsafe_b64decode(text or ""))))
    except (ValueError, TypeError):
        raise AccountError(LOGIN_NOT_STARTED) from None


def _refuse(request: Request, error: AccountError) -> Response:
    return render(request, "message.html", 400, title="Single sign-on failed", text=str(error))
