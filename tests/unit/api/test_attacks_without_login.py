"""Attacker without a login: every page, picture, upload and websocket stays closed."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from braintumor.auth.users import disable_user
from braintumor.db.tables import LoginSession
from braintumor.db.tables.base import now
from tests.helpers.accounts import (
    NAVIGATION,
    SOCKET,
    account_settings,
    add_user,
    log_in,
    make_client,
    server_state,
    share_server,
    submit,
)

PATHS = ["/", "/detection", "/media/0123.png", "/_stcore/health", "/_stcore/host-config", "/static/js/index.js",
         "/_stcore/upload_file/session/file", "/component/x/index.html", "/app/static/a", "/accounts", "//", "/%2e%2e/",
         "/account/../", "/;/account/login", "/api/../media/a"]  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    client = make_client(account_settings(tmp_path))
    add_user(server_state(client).storage, "ada@example.org")
    return client


def _can_open_socket(client: TestClient) -> bool:
    try:
        with client.websocket_connect(SOCKET) as socket:
            socket.send_text("1")
            return socket.receive_text() == "scan 1"
    except WebSocketDisconnect:
        return False


@pytest.mark.parametrize("path", PATHS)
def test_dashboard_is_closed(client: TestClient, path: str) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE"):
        response = client.request(method, path)
        assert response.status_code in (401, 404, 405)
        assert "patients" not in response.text


def test_unknown_api_route_is_a_json_404(client: TestClient) -> None:
    response = client.get("/api/v1/secrets")
    assert (response.status_code, response.json()["title"]) == (404, "Not Found")


def test_only_navigations_are_redirected_to_the_login(client: TestClient) -> None:
    page = client.get("/detection?model=v4&x=%2F", headers=NAVIGATION)
    assert (page.status_code, page.headers["location"]) == (
        303,
        "/account/login?next=%2Fdetection%3Fmodel%3Dv4%26x%3D%252F",
    )
    assert client.get("/favicon.ico", headers={"Sec-Fetch-Mode": "no-cors", "Accept": "text/html"}).status_code == 401
    assert client.get("/", headers={"Accept": "text/html,*/*"}).status_code == 303  # plain http, another computer


def test_websocket_is_refused_before_it_opens(client: TestClient) -> None:
    with pytest.raises(WebSocketDisconnect) as refusal, client.websocket_connect(SOCKET):
        pass
    assert refusal.value.code == 1008


@pytest.mark.parametrize("cookie", ["forged", "' OR '1'='1", "0" * 64, "%00", "a" * 4_000])
def test_forged_cookie_is_refused(client: TestClient, cookie: str) -> None:
    client.cookies.set("braintumor", cookie)
    assert client.get("/").status_code == 401
    assert not _can_open_socket(client)


def test_login_opens_pages_and_websocket(client: TestClient) -> None:
    response = log_in(client, "ada@example.org", next="/detection?model=v4")
    assert (response.status_code, response.headers["location"]) == (303, "/detection?model=v4")
    assert client.get("/detection").text == "scans of patients"
    assert _can_open_socket(client)


def test_stored_hash_is_no_session(client: TestClient) -> None:
    state = server_state(client)
    with state.storage.database.read() as session:
        login = session.query(LoginSession).one()
    for value in (login.token_hash, str(login.id)):
        client.cookies.set("braintumor", value)
        assert client.get("/").status_code == 401


def test_expired_session_is_refused(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    with server_state(client).storage.database.write() as session:
        session.execute(update(LoginSession).values(expires_at=now() - timedelta(seconds=1)))
    assert client.get("/").status_code == 401
    assert not _can_open_socket(client)


def test_logout_closes_everything_for_a_copied_cookie(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    thief = share_server(client)
    thief.cookies.set("braintumor", client.cookies["braintumor"])
    assert thief.get("/").status_code == 200
    assert submit(client, "/account/logout", "/account").status_code == 303
    assert thief.get("/").status_code == 401
    assert client.get("/").status_code == 401


def test_open_websocket_ends_at_the_next_message_of_a_revoked_session(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    with client.websocket_connect(SOCKET) as socket:
        socket.send_text("1")
        assert socket.receive_text() == "scan 1"
        disable_user(server_state(client).storage, None, "ada@example.org")
        socket.send_text("2")
        with pytest.raises(WebSocketDisconnect):
            socket.receive_text()


def test_other_users_sessions_and_tokens_cannot_be_revoked(client: TestClient) -> None:
    storage = server_state(client).storage
    _, bob = add_user(storage, "bob@example.org")
    log_in(client, "ada@example.org")
    response = submit(client, "/account/sessions/revoke", "/account", id=str(bob.session_id))
    assert (response.status_code, "no such session" in response.text) == (400, True)
    assert submit(client, "/account/tokens/revoke", "/account", id="1 OR 1=1").status_code == 400
    assert str(bob.session_id) not in client.get("/account").text


def test_accounts_off_serves_this_computer_only(tmp_path: Path) -> None:
    settings = account_settings(tmp_path).model_copy(update={"accounts": False})
    assert make_client(settings).get("/").text == "scans of patients"
    assert make_client(settings).get("/account/login").status_code == 404
    assert make_client(settings, address="192.0.2.7").get("/").status_code == 421
