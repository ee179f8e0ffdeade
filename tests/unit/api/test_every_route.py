"""Every route of the route table, attacked by strangers, other users, other sites and tokens that may do less."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from braintumor.auth.api_tokens import Scope
from braintumor.db.tables import ApiToken, LoginSession, UserRole
from braintumor.db.tables.base import now
from tests.helpers.accounts import add_user, log_in, make_client, server_state
from tests.helpers.api import API, Api, api, api_settings, as_files, model_outputs, scan_png
from tests.helpers.api.routes import IDS, UNSAFE, fill, iter_routes

__all__ = ["api", "model_outputs"]

# What answers a stranger. Everything else must refuse: adding a route to this list is a decision.
PUBLIC = {
    "GET /livez", "GET /readyz", "GET /account/style.css", "GET /account/icon.svg", "GET /account/login",
    "GET /account/logout", "GET /account/reset", "GET /account/register", "GET /account/link", "GET /account/sso",
    "GET /account/sso/callback", "GET /api/docs/start.js", "GET /api/docs/{name}",
}  # fmt: skip
# Forms of strangers: open, but only with the secret of a form that was opened in the same browser.
FORMS = {"POST /account/login", "POST /account/logout", "POST /account/reset", "POST /account/register",
         "POST /account/link"}  # fmt: skip
ADMINISTRATION = (f"{API}/users", f"{API}/audit", f"{API}/statistics/users", "/metrics")
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(tmp_path: Path, model_outputs: Path) -> Iterator[TestClient]:
    """A browser without a login, and a server with dashboard, account pages and API."""
    client = make_client(api_settings(tmp_path, model_outputs, registration="open"))
    add_user(server_state(client).storage, "ada@example.org")
    yield client
    server_state(client).close()


def _find_open(client: TestClient, headers: dict[str, str]) -> set[str]:
    """Call each route, and return those that neither refuse nor lead to the login."""
    found = set()
    for method, path in iter_routes(client.app):
        answer = client.request(method, fill(path), headers=headers)
        assert answer.status_code < 500 or path == "/readyz", path
        leads_to_login = answer.headers.get("location", "").startswith("/account/login")
        if answer.status_code not in (401, 403) and not leads_to_login:
            found.add(f"{method} {path}")
    return found


def test_the_route_table_is_complete(client: TestClient) -> None:
    routes = {f"{method} {path}" for method, path in iter_routes(client.app)}
    assert len(routes) > 60
    assert routes >= PUBLIC | FORMS | {f"GET {API}/readings", "POST /account/delete", "GET /metrics"}


@pytest.mark.parametrize("attack", ["no login", "forged token", "forged cookie", "revoked session", "expired session",
                                    "idle session", "expired token"])  # fmt: skip
def test_every_route_is_closed_to_strangers(client: TestClient, attack: str) -> None:
    storage, headers = server_state(client).storage, dict(SAME)
    if attack == "forged cookie":
        client.cookies.set("braintumor", "0" * 43)
    elif attack == "forged token":
        headers["Authorization"] = "Bearer bt_" + "A" * 43
    elif attack == "expired token":
        _, visitor = add_user(storage, "bob@example.org")
        headers["Authorization"] = f"Bearer {_token(client, visitor.actor)}"
        with storage.database.write() as session:
            session.execute(update(ApiToken).values(expires_at=now() - timedelta(seconds=1)))
    elif attack.endswith("session"):
        log_in(client, "ada@example.org")
        past = now() - timedelta(days=1)
        column = {"expired": "expires_at", "revoked": "revoked_at", "idle": "last_seen_at"}[attack.partition(" ")[0]]
        with storage.database.write() as session:
            session.execute(update(LoginSession).values({column: past}))
    assert _find_open(client, headers) == PUBLIC


def _token(client: TestClient, actor: object) -> str:
    return Api(server_state(client).settings, client, actor).token_of(actor)  # type: ignore[arg-type]


def test_every_change_by_cookie_is_closed_to_other_sites(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "http://[x"}):
        for method, path in iter_routes(client.app):
            if method in UNSAFE or path.startswith(API):
                assert client.request(method, fill(path), headers=headers).status_code == 403, f"{method} {path}"
        assert client.post("/anything-of-the-dashboard", headers=headers).status_code == 403


def test_every_form_needs_its_token(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    forms = [path for method, path in iter_routes(client.app) if method == "POST" and path.startswith("/account")]
    assert len(forms) > 9
    for path in forms:
        for data in ({}, {"form_token": "0" * 64}):
            assert client.post(path, data=data, headers=SAME).status_code == 403, path
    assert client.get("/account").status_code == 200


def test_every_route_with_an_id_is_closed_to_other_users(api: Api) -> None:
    saved = api.upload()["readings"][0]
    job = api.client.post(f"{API}/scans?background=true", files=as_files(a=scan_png(2))).json()["id"]
    token = api.client.get(f"{API}/tokens").json()[0]["id"]
    ids = {"scan_id": saved["scan_id"], "reading_id": saved["reading_id"], "job_id": job, "token_id": token}
    ids["user_id"] = str(api.actor.id)
    finding, own = {"opinion": "agree"}, api.client
    reader, root = (api.client_for(f"{role}@example.org", role) for role in UserRole)
    with_id = [route for route in iter_routes(own.app) if any(f"{{{name}}}" in route[1] for name in IDS)]
    assert len(with_id) > 15
    for method, path in with_id:
        body = finding if method == "PUT" else {}
        expected = 403 if path.startswith(ADMINISTRATION) else 404
        assert reader.request(method, fill(path, **ids), json=body).status_code == expected, f"{method} {path}"
        if not path.startswith(ADMINISTRATION):  # administrators see the records of nobody but themselves
            assert root.request(method, fill(path, **ids), json=body).status_code == 404, f"{method} {path}"
    assert own.get(f"{API}/readings/{saved['reading_id']}").json()["opinion"] == ""


def test_every_route_needs_its_scope(api: Api) -> None:
    reads, writes = (api.client_with(api.token_of(api.actor, scope)) for scope in (Scope.READ, Scope.WRITE))
    for method, path in iter_routes(api.client.app):
        if not path.startswith((API, "/metrics")) or path in (f"{API}/me", f"{API}/tokens"):
            continue
        is_administration = path.startswith(ADMINISTRATION)
        is_prediction = path == f"{API}/predict"  # stores nothing
        if is_administration or (method in UNSAFE and not is_prediction):
            assert reads.request(method, fill(path)).status_code == 403, f"{method} {path}"
        if is_administration or method == "GET" or is_prediction:
            assert writes.request(method, fill(path)).status_code == 403, f"{method} {path}"
