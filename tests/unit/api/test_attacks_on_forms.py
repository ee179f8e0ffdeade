"""Attacker with a page of their own: cross-site requests, fixation, redirects, other host names."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from braintumor.api.origins import safe_next
from tests.helpers.accounts import (
    PASSWORD,
    SOCKET,
    account_settings,
    add_user,
    form_token,
    log_in,
    make_client,
    server_state,
    share_server,
    submit,
)

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "http://[malformed"},
    {},
]


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    client = make_client(account_settings(tmp_path, registration="open"))
    add_user(server_state(client).storage, "ada@example.org")
    return client


@pytest.mark.parametrize("headers", FOREIGN)
def test_form_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    log_in(client, "ada@example.org")
    data = {"form_token": form_token(client, "/account"), "id": "others"}
    assert client.post("/account/sessions/revoke", data=data, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN)
def test_upload_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    log_in(client, "ada@example.org")
    assert client.put("/anything", headers=headers).status_code == 403
    assert client.put("/anything", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_origin_stands_in_where_browsers_send_no_fetch_metadata(client: TestClient) -> None:
    data = {"form_token": form_token(client, "/account/login"), "email": "ada@example.org", "password": PASSWORD}
    assert client.post("/account/login", data=data, headers={"Origin": "http://127.0.0.1:8501"}).status_code == 303


def test_form_token_of_another_browser_or_session_is_refused(client: TestClient) -> None:
    same = {"Sec-Fetch-Site": "same-origin"}
    foreign = form_token(share_server(client), "/account/login")
    fields = {"email": "ada@example.org", "password": PASSWORD}
    before = form_token(client, "/account/login")
    assert client.post("/account/login", data={"form_token": foreign, **fields}, headers=same).status_code == 403
    assert client.post("/account/login", data=fields, headers=same).status_code == 403
    log_in(client, "ada@example.org")
    stale = client.post("/account/logout", data={"form_token": before}, headers=same)
    assert stale.status_code == 403
    assert client.get("/").status_code == 200


def test_logout_by_link_is_not_possible(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    page = client.get("/account/logout")  # asks, and ends nothing
    assert (page.status_code, 'method="post"' in page.text, "set-cookie" in page.headers) == (200, True, False)
    assert client.get("/").status_code == 200


def test_planted_session_cookie_is_replaced_at_login(client: TestClient) -> None:
    attacker = share_server(client)
    add_user(server_state(client).storage, "eve@example.org")
    log_in(attacker, "eve@example.org")
    planted = attacker.cookies["braintumor"]
    client.cookies.set("braintumor", "planted-by-the-attacker", domain="127.0.0.1", path="/")
    assert log_in(client, "ada@example.org").status_code == 303
    assert client.cookies["braintumor"] not in ("planted-by-the-attacker", planted)
    client.cookies.clear()
    client.cookies.set("braintumor", "planted-by-the-attacker")
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "\\/evil.example", "javascript:alert(1)", "", "evil",
     "/a\r\nSet-Cookie: x=1", "/%0d%0a\n", "/\t/evil.example", "/account/logout", "/a\\b", "/é"],
)  # fmt: skip
def test_login_never_leads_elsewhere(client: TestClient, target: str) -> None:
    assert safe_next(target) == "/"
    assert log_in(client, "ada@example.org", next=target).headers["location"] == "/"


def test_page_of_another_site_cannot_frame_or_script_the_forms(client: TestClient) -> None:
    headers = client.get("/account/login").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_input_is_escaped(client: TestClient) -> None:
    script = "<script>alert(1)</script>"
    response = submit(client, "/account/register", email=f'"{script}@example.org', name=script, password="short")
    assert response.status_code == 400
    assert script not in response.text
    assert "&lt;script&gt;" in response.text


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "evil:8501"])
def test_other_host_names_are_refused(client: TestClient, host: str) -> None:
    response = client.get("/account/login", headers={"Host": host})
    assert response.status_code == 421
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(SOCKET, headers={"Host": host}):
        pass


def test_https_cookie_is_bound_to_host_and_connection(tmp_path: Path) -> None:
    settings = account_settings(tmp_path, public_url="https://scans.example.org")
    client = make_client(settings, base_url="https://scans.example.org")
    add_user(server_state(client).storage, "ada@example.org")
    response = log_in(client, "ada@example.org")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-braintumor=")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"))
    assert "Domain" not in cookie
    assert response.headers["strict-transport-security"].startswith("max-age=31536000")


def test_large_and_malformed_forms_are_refused(client: TestClient) -> None:
    same = {"Sec-Fetch-Site": "same-origin"}
    token = form_token(client, "/account/login")
    assert client.post("/account/login", data={"password": "a" * 70_000}, headers=same).status_code == 413
    chunks = (b"a" * 1_000 for _ in range(100))
    form = {"Content-Type": "application/x-www-form-urlencoded", **same}
    assert client.post("/account/login", content=chunks, headers=form).status_code == 413
    many = {f"field{number}": "" for number in range(100)} | {"form_token": token}
    assert client.post("/account/login", data=many, headers=same).status_code == 400
    files = {"email": ("a.txt", b"x")}
    assert client.post("/account/login", data={"form_token": token}, files=files, headers=same).status_code in (
        400,
        403,
    )
