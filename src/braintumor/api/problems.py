"""Errors as problem details (RFC 9457), in plain words and without what the client sent."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from braintumor.api.account.pages import render
from braintumor.auth.throttle import TooManyAttemptsError
from braintumor.db.idempotency import KeyReusedError
from braintumor.errors import AccountError, BrainTumorError, NotFoundError, RecordError, ScanError

_MEDIA_TYPE: Final = "application/problem+json"
# The first that fits. All others are the server's own: a missing model, a database that is not reached.
_STATUSES: Final[tuple[tuple[type[BrainTumorError], int], ...]] = (
    (TooManyAttemptsError, 429),
    (NotFoundError, 404),
    (KeyReusedError, 422),
    (RecordError, 409),
    (AccountError, 409),
    (ScanError, 422),
)
_PLAIN: Final = {
    405: "This address does not accept this method.",
    404: "There is nothing at this address.",
}
_UNEXPECTED: Final = "The server made a mistake. Try again; if it lasts, report the X-Request-ID of this answer."


def problem(
    status: int, detail: str, headers: Mapping[str, str] | None = None, errors: list[dict[str, str]] | None = None
) -> Response:
    """Return an error."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        content["errors"] = errors
    return JSONResponse(content, status, headers, media_type=_MEDIA_TYPE)


def add_error_handlers(app: FastAPI) -> None:
    """Let an application answer all errors as problems; account pages answer with a page."""
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(BrainTumorError, _answer_error)
    app.add_exception_handler(ClientDisconnect, _answer_disconnected)
    app.add_exception_handler(Exception, _answer_unexpected)


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_page(request):
        return render(request, "message.html", error.status_code, title="This did not work", text=error.detail)
    is_default = error.detail == HTTPStatus(error.status_code).phrase
    detail = _PLAIN.get(error.status_code, error.detail) if is_default else error.detail
    return problem(error.status_code, detail, error.headers)


def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in entry["loc"]) or "body", "message": str(entry["msg"])}
        for entry in error.errors()
    ]
    first = errors[0] if errors else {"field": "request", "message": "not valid"}
    return problem(422, f"The request is not valid. {first['field']}: {first['message']}.", errors=errors)


def _answer_error(request: Request, error: Exception) -> Response:
    """Return the sentence of an error that was raised deliberately."""
    if _is_page(request):
        return render(request, "message.html", 503, title="This did not work", text=str(error))
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 503)
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyAttemptsError) else None
    return problem(status, str(error), headers)


def _answer_disconnected(request: Request, error: Exception) -> Response:
    return problem(400, "The upload ended early.")


def _answer_unexpected(request: Request, error: Exception) -> Response:
    return problem(500, _UNEXPECTED)


def _is_page(request: Request) -> bool:
    return request.url.path.startswith("/account")
