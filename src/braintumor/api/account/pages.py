"""Rendering of account pages, and the check of their forms."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, HTTPException
from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from braintumor.api.account.cookies import get_form_secret, get_session_token, set_form_secret
from braintumor.api.origins import is_same_origin
from braintumor.api.state import ServerState, get_state
from braintumor.auth.passwords import MIN_LENGTH
from braintumor.auth.sessions import Visitor
from braintumor.auth.throttle import TooManyAttemptsError
from braintumor.enums import RESEARCH_USE

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_MAX_FIELDS: Final = 12
_OLD_FORM: Final = "This form was opened in another session, or comes from another page. Open the page again."


class LoginRequiredError(Exception):
    """A page that needs a login, opened without one."""


def _format_time(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


_TEMPLATES.filters["time"] = _format_time


def render(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """Return a page. Its forms carry a token that is bound to the browser and to its session."""
    state = get_state(request)
    secret = get_form_secret(request, state.settings)
    new_secret = secret or secrets.token_urlsafe(32)
    token = _form_token(new_secret, get_session_token(request, state.settings))
    settings = {"min_length": MIN_LENGTH, "notice": RESEARCH_USE, "single_sign_on": state.provider is not None}
    html = _TEMPLATES.get_template(template).render(form_token=token, **settings, **values)
    response = HTMLResponse(html, status)
    if secret is None:
        set_form_secret(response, state.settings, new_secret)
    return response


def render_error(request: Request, template: str, error: Exception, **values: object) -> Response:
    """Return a page with the reason why a form was refused."""
    if not isinstance(error, TooManyAttemptsError):
        return render(request, template, 400, error=str(error), **values)
    response = render(request, template, 429, error=str(error), **values)
    response.headers["Retry-After"] = str(error.seconds)
    return response


def redirect(path: str) -> RedirectResponse:
    """Return a redirect that is followed by GET."""
    return RedirectResponse(path, 303)


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form that comes from a page of this server, opened in this session.

    Raises
    ------
    HTTPException
        It comes from elsewhere (403).
    """
    settings = get_state(request).settings
    if not is_same_origin(request.headers):
        raise HTTPException(403, _OLD_FORM)
    async with request.form(max_files=0, max_fields=_MAX_FIELDS) as form:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        fields |= {"scopes": " ".join(str(value) for value in form.getlist("scopes"))}
    expected = _form_token(get_form_secret(request, settings) or "", get_session_token(request, settings))
    if not hmac.compare_digest(fields.get("form_token", "").encode(), expected.encode()):
        raise HTTPException(403, _OLD_FORM)
    return fields


def require_visitor(request: Request) -> Visitor:
    """Return the logged-in user.

    Raises
    ------
    LoginRequiredError
        Nobody is logged in.
    """
    state: ServerState = get_state(request)
    visitor = state.find_visitor(request.cookies)
    if visitor is None:
        raise LoginRequiredError
    return visitor


def _form_token(secret: str, session_token: str | None) -> str:
    return hmac.new(secret.encode(), (session_token or "").encode(), hashlib.sha256).hexdigest()


Form = Annotated[Mapping[str, str], Depends(read_form)]
LoggedIn = Annotated[Visitor, Depends(require_visitor)]
