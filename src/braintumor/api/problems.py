"""Errors as problem details (RFC 9457), in plain words and without what the client sent."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from braintumor.api.account.pages import render
from braintumor.auth.throttle import TooManyAttemptsError
from braintumor.db.idempotency import KeyReusedError
from braintumor.errors import AccountError, BrainTumorError, NotFoundError, RecordError, ScanError

_LOGGER: Final = logging.getLogger(__name__)
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
_UNEXPECTED: Final = (
    "The server failed because of an internal error. Try again; if the problem persists, report the X-Request-ID of "
    "this response."
)


def problem_response(
    status: int, detail: str = "", headers: Mapping[str, str] | None = None, errors: list[dict[str, str]] | None = None
) -> Response:
    """Return an error; without `detail`, a status of `_PLAIN` has the text there."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or _PLAIN[status],
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


def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if _is_page(request):
        return render(request, "message.html", error.status_code, title="This did not work", text=error.detail)
    is_default = error.detail == HTTPStatus(error.status_code).phrase
    detail = _PLAIN.get(error.status_code, error.detail) if is_default else error.detail
    return problem_response(error.status_code, detail, error.headers)


def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(str(part) for part in entry["loc"]) or "body", "message": str(entry["msg"])}
        for entry in error.errors()
    ]
    if any(entry["loc"][:1] == ("body",) for entry in error.errors()) and not _is_json(request):
        return problem_response(415, "Send JSON, with the header Content-Type: application/json.")
    first = errors[0] if errors else {"field": "request", "message": "not valid"}
    return problem_response(422, f"The request is not valid. {first['field']}: {first['message']}.", errors=errors)


def _answer_error(request: Request, error: Exception) -> Response:
    """Return the sentence of an error that was raised deliberately."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 503)
    if status == 503:
        _LOGGER.error("The server cannot use what it needs.", exc_info=error)
    if _is_page(request):
        return render(request, "message.html", 503, title="This did not work", text=str(error))
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyAttemptsError) else None
    return problem_response(status, str(error), headers)


def _answer_disconnected(request: Request, error: Exception) -> Response:
    return problem_response(400, "The upload ended early. Send the files again.")


class UnexpectedErrors:
    """Middleware that answers 500 to an exception that nothing else has answered, and logs it.

    It is inside the middleware that sets headers, unlike the handler of Starlette.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        has_started = False

        async def send_and_watch(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_watch)
        except Exception:
            if scope["type"] != "http" or has_started:
                raise
            _LOGGER.exception("A request failed.")
            await problem_response(500, _UNEXPECTED)(scope, receive, send)


def _is_json(request: Request) -> bool:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    return media_type == "application/json" or media_type.endswith("+json")


def _is_page(request: Request) -> bool:
    return request.url.path.startswith("/account")
