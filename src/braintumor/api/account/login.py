"""Log in, log out, ask for a new password."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from braintumor.api.account.cookies import clear_session_token, get_session_token, set_device, set_session_token
from braintumor.api.account.pages import Form, redirect, render, render_error
from braintumor.api.origins import safe_next
from braintumor.api.state import CurrentBrowser, ServerState, State
from braintumor.auth.devices import remember_browser
from braintumor.auth.links import link_url
from braintumor.auth.login import log_in, log_out
from braintumor.auth.mail import can_mail, send_mail_later
from braintumor.auth.registration import request_reset
from braintumor.errors import AccountError

router = APIRouter()
_RESETS_PER_HOUR: Final = 5


@router.get("/login")
def show_login(request: Request, state: State, next: str = "/") -> Response:  # noqa: A002 - name of the query field
    """Show the login form, or go on where the browser is logged in."""
    if state.find_visitor(request.cookies) is not None:
        return redirect(safe_next(next))
    return render(request, "login.html", next=safe_next(next), **_offers(state))


@router.post("/login")
def submit_login(request: Request, state: State, browser: CurrentBrowser, form: Form) -> Response:
    """Check the password, start a session and go to the page that was asked for."""
    target = safe_next(form.get("next"))
    email = form.get("email", "")
    try:
        old_token = get_session_token(request, state.settings)
        token = log_in(state.storage, state.throttle, email, form.get("password", ""), browser, old_token)
    except AccountError as error:
        return render_error(request, "login.html", error, next=target, email=email, **_offers(state))
    response = redirect(target)
    set_session_token(response, state.settings, token)
    set_device(response, state.settings, remember_browser(state.storage, token))
    return response


@router.get("/logout")
def show_logout(request: Request) -> Response:
    """Ask for confirmation: a link alone must not log anybody out."""
    return render(request, "logout.html")


@router.post("/logout")
def submit_logout(request: Request, state: State, form: Form) -> Response:
    """End the session."""
    log_out(state.storage, get_session_token(request, state.settings))
    response = redirect("/account/login")
    clear_session_token(response, state.settings)
    return response


@router.get("/reset")
def show_reset(request: Request, state: State) -> Response:
    """Show the form that asks for a link by mail, or say who gives one."""
    return render(request, "reset.html", mail=can_mail(state.settings))


@router.post("/reset")
def submit_reset(request: Request, state: State, browser: CurrentBrowser, form: Form) -> Response:
    """Mail a link if there is such an account; the answer is the same if there is none."""
    if not can_mail(state.settings):
        return render(request, "reset.html", mail=False)
    email = form.get("email", "").strip().casefold()
    try:
        state.throttle.limit(browser.address, f"reset:{email}", _RESETS_PER_HOUR)
    except AccountError as error:
        return render_error(request, "reset.html", error, mail=True)
    base_url = state.settings.public_url or str(request.base_url)

    def send(address: str, token: str) -> None:
        link = link_url(base_url, token)
        text = f"Set a new password within an hour:\n\n{link}\n\nIf you did not request this, ignore this e-mail."
        send_mail_later(state.settings, address, "Brain Tumor Detector: new password", text)

    request_reset(state.storage, email, send)
    text = "If there is an account with this address, a link is on its way. It works for an hour."
    return render(request, "message.html", title="Check your mail", text=text)


def _offers(state: ServerState) -> dict[str, Any]:
    return {"registration": state.settings.registration == "open"}
