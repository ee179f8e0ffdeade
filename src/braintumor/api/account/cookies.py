"""Cookies of the account pages: session, form protection, and a login under way at a provider."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from braintumor.auth.devices import DEVICE_DAYS
from braintumor.auth.sessions import is_https, session_cookie_name
from braintumor.settings import Settings

_FORM: Final = "-form"
_FLOW: Final = "-sso"


def get_session_token(request: Request, settings: Settings) -> str | None:
    """Return the session token of a request, valid or not."""
    return request.cookies.get(session_cookie_name(settings))


def set_session_token(response: Response, settings: Settings, token: str) -> None:
    """Give the browser a session token."""
    _set(response, settings, "", token, settings.session_hours * 3_600)


def clear_session_token(response: Response, settings: Settings) -> None:
    """Take the session token away, and what the browser kept of the pages."""
    _set(response, settings, "", "", 0)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def get_form_secret(request: Request, settings: Settings) -> str | None:
    """Return the secret that form tokens of this browser are computed from."""
    return request.cookies.get(session_cookie_name(settings) + _FORM)


def set_form_secret(response: Response, settings: Settings, secret: str) -> None:
    """Give the browser a secret for form tokens."""
    _set(response, settings, _FORM, secret, None)


def get_flow(request: Request, settings: Settings) -> str | None:
    """Return what the browser kept of a login at a provider."""
    return request.cookies.get(session_cookie_name(settings) + _FLOW)


def set_flow(response: Response, settings: Settings, flow: str) -> None:
    """Let the browser keep a login at a provider for ten minutes; an empty text ends it."""
    _set(response, settings, _FLOW, flow, 600 if flow else 0)


def set_device(response: Response, settings: Settings, device: str) -> None:
    """Let the browser keep the proof of a login."""
    _set(response, settings, "-device", device, DEVICE_DAYS * 24 * 3_600)


def _set(response: Response, settings: Settings, suffix: str, value: str, max_age: int | None) -> None:
    response.set_cookie(
        session_cookie_name(settings) + suffix,
        value,
        max_age=max_age,
        path="/",
        secure=is_https(settings),
        httponly=True,
        samesite="lax",
    )
