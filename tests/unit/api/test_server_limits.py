"""Middleware: headers, sizes, pauses, and a log without names."""

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from braintumor.api.middleware.body_limit import BodyLimit
from braintumor.api.middleware.headers import pages_policy
from braintumor.api.middleware.request_log import JsonFormatter
from braintumor.settings import Settings
from tests.helpers.accounts import account_settings, add_user, log_in, make_client, server_state


def test_inline_script_of_the_dashboard_is_allowed_by_its_hash_only() -> None:
    policy = pages_policy("<script>a()</script><script type=module src=x></script>")
    assert policy.count("'sha256-") == 1
    scripts = policy.split("script-src", 1)[1].split(";")[0]
    assert "unsafe-inline" not in scripts
    assert "unsafe-eval" not in scripts.replace("wasm-unsafe-eval", "")


def _receive_slowly(limit: Callable[[Any], BodyLimit], messages: Callable[[], Awaitable[Message]]) -> int:
    """Status of a request whose body arrives in messages."""

    async def run() -> int:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await Request(scope, receive).body()

        async def send(message: Message) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/api/v1/predict", "headers": []}
        try:
            await limit(app)(scope, messages, send)
        except HTTPException as error:
            return error.status_code
        return 200

    return asyncio.run(run())


def test_body_that_stops_arriving_ends_the_request() -> None:
    async def wait() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    assert _receive_slowly(lambda app: BodyLimit(app, Settings(), pause_seconds=0.01), wait) == 408


@pytest.mark.parametrize(("size", "expected"), [(1, 408), (400_000, 200)])
def test_body_that_trickles_ends_the_request(size: int, expected: int) -> None:
    clock, count = itertools.count(step=10), itertools.count(1)  # each message takes ten seconds

    async def trickle() -> Message:
        return {"type": "http.request", "body": bytes(size), "more_body": next(count) < 50}

    def limit(app: Any) -> BodyLimit:
        return BodyLimit(app, Settings(), clock=lambda: float(next(clock)))

    assert _receive_slowly(limit, trickle) == expected


@pytest.mark.parametrize("declared", ["\u00b2", "-1", "1_0", "9" * 5_000, "x"])
def test_malformed_length_is_refused(tmp_path: Path, declared: str) -> None:
    client = make_client(account_settings(tmp_path))
    answer = client.post("/account/login", headers={"Content-Length": declared.encode("latin-1")})
    assert answer.status_code == 413


def test_log_has_ids_and_routes_but_no_names_tokens_and_addresses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "braintumor.requests")
    client = make_client(account_settings(tmp_path))
    add_user(server_state(client).storage, "ada@example.org")
    log_in(client, "ada@example.org")
    client.get("/account/link?token=secret")
    client.get("/media/Jane_Doe.png")
    response = client.get("/api/v1/scans/0190-Jane")
    text = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    entries = [json.loads(line) for line in text.splitlines()]
    assert [entry["route"] for entry in entries][-3:] == ["/account/link", "/media", "/api/v1/scans/{}"]
    assert entries[-1]["status"] == 403  # a cookie without the headers of a browser
    assert len(response.headers["x-request-id"]) == 32
    assert not [word for word in ("ada", "Jane", "secret", "127.0.0.1", "braintumor=") if word in text]


def test_exception_is_logged_by_name_and_place() -> None:
    try:
        raise ValueError("Jane Doe")
    except ValueError:
        import sys

        record = logging.LogRecord("a", logging.ERROR, "", 0, "failed", None, sys.exc_info())
    entry = json.loads(JsonFormatter().format(record))
    assert entry["exception"] == "ValueError"
    assert "test_server_limits.py" in entry["at"]
    assert "Jane" not in json.dumps(entry)
