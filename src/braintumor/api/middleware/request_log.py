"""Structured log of requests: one line of JSON each, with an id and without names, addresses and file names."""

import json
import logging
import re
import time
import uuid
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final, TextIO

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOGGER: Final = logging.getLogger("braintumor.requests")
_REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
_FIXED_PART: Final = re.compile(r"[a-z_.-]{0,30}|v\d")
_FIELDS: Final = ("method", "route", "status", "milliseconds", "exception", "at")


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON. Exceptions are named with the place where they happened, without values."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := _REQUEST_ID.get():
            entry["request_id"] = request_id
        entry |= {field: getattr(record, field) for field in _FIELDS if hasattr(record, field)}
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = record.exc_info[0].__name__
            entry["at"] = _find_place(record)
        return json.dumps(entry)


def configure_logging(level: int = logging.INFO) -> None:
    """Log to standard error as JSON, warnings of libraries too."""
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    warnings.showwarning = _log_warning
    # Streamlit turns this on again. It has whole addresses, and with them the tokens of links.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Log where a library warns. Its message may hold values of a file, such as a patient's name in a DICOM header."""
    at = {"exception": category.__name__, "at": f"{filename}:{lineno}"}
    logging.getLogger("py.warnings").warning("warning", extra=at)


class RequestLog:
    """Middleware that gives each request an id, returns it in `X-Request-ID`, and logs the request."""

    def __init__(self, app: ASGIApp, count: Callable[[str, str, int, float], None] | None = None) -> None:
        self._app = app
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, start, status = uuid.uuid4().hex, time.perf_counter(), 500
        token = _REQUEST_ID.set(request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            milliseconds = round(1_000 * (time.perf_counter() - start), 1)
            fields = {
                "method": scope["method"],
                "route": _route(scope["path"]),
                "status": status,
                "milliseconds": milliseconds,
            }
            _LOGGER.info("request", extra=fields)
            if self._count is not None:  # by route and not by address, of which there is no end
                route = getattr(scope.get("route"), "path", "other")
                self._count(scope["method"], route, status, milliseconds / 1_000)
            _REQUEST_ID.reset(token)


def _route(path: str) -> str:
    """Return a path whose ids and names are replaced; of the dashboard's own paths, only the first part."""
    parts = path.strip("/").split("/")
    if parts[0] not in ("api", "account"):
        parts = parts[:1]
    return "/" + "/".join(part if _FIXED_PART.fullmatch(part) else "{}" for part in parts)


def _find_place(record: logging.LogRecord) -> str:
    place = ""
    traceback = record.exc_info[2] if record.exc_info else None
    while traceback is not None:
        place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
