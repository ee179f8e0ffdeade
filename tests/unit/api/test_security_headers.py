"""Security headers are on each kind of answer: page, form, API, picture, file, redirect, refusal, error."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from braintumor.api.app import create_app
from braintumor.api.middleware.headers import STRICT_POLICY, ContentPolicy, pages_policy
from tests.helpers.accounts import account_settings, add_user, log_in, make_client, server_state

ORIGIN = "https://scans.example.org"
EXPECTED = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
NO_STORE, NO_CACHE = "no-store", "no-cache"
SAME = {"Sec-Fetch-Site": "same-origin"}


async def _show(request: Request) -> Response:
    if request.url.path.endswith("/broken"):
        raise RuntimeError("Jane Doe")
    return PlainTextResponse("scan", 404 if request.url.path == "/nothing" else 200)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A browser that is logged in at a server with https, of which a page and a route fail."""
    settings = account_settings(tmp_path_factory.mktemp("server"), public_url=ORIGIN)
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    pages = ContentPolicy(Starlette(routes=[Route("/{path:path}", _show)]), pages_policy(index.read_text("utf-8")))
    app = create_app(settings, pages)
    app.router.routes.insert(0, Route("/api/broken", _show))
    client = TestClient(app, base_url=ORIGIN, follow_redirects=False, raise_server_exceptions=False)
    add_user(server_state(client).storage, "ada@example.org")
    log_in(client, "ada@example.org")
    yield client
    server_state(client).close()


# Path, headers, status, whether the policy of the dashboard applies, and what may be kept in a cache.
ANSWERS = [
    ("/", {}, 200, True, None),
    ("/nothing", {}, 404, True, None),
    ("/broken", {}, 500, True, None),
    ("/api/broken", {}, 500, False, NO_STORE),
    ("/media/0123456789abcdef0123456789abcdef.png", {}, 404, False, NO_STORE),
    ("/account", {}, 200, False, NO_STORE),
    ("/account/login", {}, 303, False, NO_STORE),
    ("/account/nothing", {}, 404, False, NO_STORE),
    ("/account/style.css", {}, 200, False, NO_CACHE),
    ("/account/link?token=x", {}, 410, False, NO_STORE),
    ("/api/v1/me", SAME, 200, False, NO_STORE),
    ("/api/v1/me", {}, 403, False, NO_STORE),
    ("/api/v1/me", {"Authorization": "Bearer x"}, 401, False, NO_STORE),
    ("/api/v1/readings?rows=0", SAME, 422, False, NO_STORE),
    ("/api/v1/readings.csv", SAME, 200, False, NO_STORE),
    ("/api/nothing", {}, 404, False, NO_STORE),
    ("/livez", {}, 200, False, None),
    ("/", {"Host": "evil.example"}, 421, False, None),
    ("/account/login", {"Content-Length": "9" * 12}, 413, False, NO_STORE),
]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_answer_has_all_headers(client: TestClient, number: int) -> None:
    path, headers, status, is_page, cached = ANSWERS[number]
    answer = client.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED
    assert "camera=()" in answer.headers["permissions-policy"]
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert answer.headers.get("cache-control") == cached
    assert "server" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert (policy != STRICT_POLICY) == is_page
    assert not re.search(r"https?:|\*|'unsafe-eval'|script-src[^;]*'unsafe-inline'", policy)
    assert "object-src 'none'" in policy or "default-src 'none'" in policy
    assert "Jane" not in answer.text
    assert "Traceback" not in answer.text


def test_documentation_page_runs_only_its_own_scripts(client: TestClient) -> None:
    for path in ("/api/docs", "/api/docs/start.js", "/api/docs/swagger-ui.css"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "script-src 'self';" in answer.headers["content-security-policy"]
        assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED


def test_answers_without_https_promise_none(tmp_path: Path) -> None:
    headers = make_client(account_settings(tmp_path)).get("/livez").headers
    assert "strict-transport-security" not in headers
    assert headers["x-frame-options"] == "DENY"
