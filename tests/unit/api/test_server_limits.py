"""Middleware: headers, sizes, pauses, and a log without names."""

import asyncio
import json
import logging
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


def test_body_that_stops_arriving_ends_the_request() -> None:
    async def run() -> int:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await Request(scope, receive).body()

        async def receive() -> Message:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pass

        scope = {"type": "http", "method": "POST", "path": "/account/login", "headers": []}
        try:
            await BodyLimit(app, Settings(), pause_seconds=0.01)(scope, receive, send)
        except HTTPException as error:
            return error.status_code
        return 200

    assert asyncio.run(run()) == 408


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
