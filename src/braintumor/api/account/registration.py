"""Register, accept an invitation, create the first administrator, set a new password by link."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from braintumor.api.account.cookies import get_session_token, set_session_token
from braintumor.api.account.notices import notify
from braintumor.api.account.pages import Form, redirect, render, render_error
from braintumor.api.state import CurrentBrowser, ServerState, State
from braintumor.auth.links import find_link, link_url
from braintumor.auth.mail import can_mail, send_mail_later
from braintumor.auth.registration import (
    accept_link,
    register,
    request_registration,
    require_open_registration,
    reset_password,
)
from braintumor.db.tables import LinkPurpose
from braintumor.errors import AccountError

router = APIRouter()
_REGISTRATIONS_PER_HOUR: Final = 20
_TITLES: Final = {
    LinkPurpose.SETUP: "Create the administrator",
    LinkPurpose.INVITATION: "Create your account",
    LinkPurpose.PASSWORD_RESET: "Set a new password",
}


@router.get("/register")
def show_register(request: Request, state: State) -> Response:
    """Show the registration form where registration is open."""
    try:
        require_open_registration(state.storage)
    except AccountError as error:
        return render(request, "message.html", 403, title="Registration", text=str(error))
    return render(request, "register.html", mail=can_mail(state.settings))


@router.post("/register")
def submit_register(request: Request, state: State, browser: CurrentBrowser, form: Form) -> Response:
    """Create an account, or mail a link that does where a mail server is set."""
    email, name, mail = form.get("email", ""), form.get("name", ""), can_mail(state.settings)
    try:
        state.throttle.limit(browser.address, "register", _REGISTRATIONS_PER_HOUR)
        if mail:
            _mail_invitation(request, state, email)
            text = "A link to create your account is on its way. It works for a week."
            return render(request, "message.html", title="Check your mail", text=text)
        token = register(state.storage, email, name, form.get("password", ""), browser)
    except AccountError as error:
        return render_error(request, "register.html", error, email=email, name=name, mail=mail)
    return _begin(state, token)


@router.get("/link")
def show_link(request: Request, state: State, token: str = "") -> Response:
    """Show the form of a one-time link. Opening it does not use it."""
    try:
        link = find_link(state.storage, token)
    except AccountError as error:
        return _render_unusable_link(request, error)
    title = _TITLES[link.purpose]
    is_reset = link.purpose is LinkPurpose.PASSWORD_RESET
    return render(request, "link.html", title=title, token=token, is_reset=is_reset, fixed_email=link.email)


@router.post("/link")
def submit_link(request: Request, state: State, browser: CurrentBrowser, form: Form) -> Response:
    """Use a one-time link and log in."""
    token, email, name, password = (form.get(field, "") for field in ("token", "email", "name", "password"))
    try:
        link = find_link(state.storage, token)
    except AccountError as error:
        return _render_unusable_link(request, error)
    is_reset = link.purpose is LinkPurpose.PASSWORD_RESET
    try:
        if is_reset:
            new_token = reset_password(state.storage, token, password, browser)
            notify(state, link.email, "Your password was set through a one-time link.")
        else:
            old_token = get_session_token(request, state.settings)
            new_token = accept_link(state.storage, token, email, name, password, browser, old_token)
    except AccountError as error:
        values = {"title": _TITLES[link.purpose], "token": token, "is_reset": is_reset, "fixed_email": link.email}
        return render_error(request, "link.html", error, email=email, name=name, **values)
    return _begin(state, new_token)


def _render_unusable_link(request: Request, error: AccountError) -> Response:
    return render(request, "message.html", 410, title="This link no longer works", text=str(error))


def _begin(state: ServerState, token: str) -> Response:
    response = redirect("/")
    set_session_token(response, state.settings, token)
    return response


def _mail_invitation(request: Request, state: ServerState, email: str) -> None:
    base_url = state.settings.public_url or str(request.base_url)

    def send(address: str, token: str) -> None:
        text = (
            f"Create your account within a week:\n\n{link_url(base_url, token)}\n\n"
            "If you did not request this, ignore this e-mail."
            if token
            else f"You asked for an account and have one already. Log in: {base_url.rstrip('/')}/account/login"
        )
        send_mail_later(state.settings, address, "Brain Tumor Detector: your account", text)

    request_registration(state.storage, email, send)
