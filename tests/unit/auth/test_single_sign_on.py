"""Single sign-on: joined on issuer and subject, verified against a real mock provider."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.testclient import TestClient

from braintumor.auth.identities import connect_identity, log_in_with_identity
from braintumor.auth.login import check_own_password
from braintumor.auth.oidc import Claims, Flow, Provider
from braintumor.auth.registration import request_reset
from braintumor.auth.sessions import find_visitor
from braintumor.auth.throttle import Throttle
from braintumor.auth.users import disable_user, invite_user, list_users
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import UserRole
from braintumor.errors import AccountError
from braintumor.settings import Settings
from tests.helpers.accounts import (
    BROWSER,
    account_settings,
    add_user,
    audit_actions,
    log_in,
    make_client,
    server_state,
    submit,
)

ADA = Claims("https://login.example.org", "subject-1", "Ada", "ada@example.org")
CALLBACK = "http://127.0.0.1:8501/account/sso/callback"


def _users(storage: Storage) -> list[tuple[str | None, str]]:
    return [(user.email, user.name) for user in list_users(storage, None)]


def test_unknown_user_needs_an_invitation(storage: Storage) -> None:
    with pytest.raises(AccountError, match="by invitation"):
        log_in_with_identity(storage, ADA, BROWSER)
    link = invite_user(storage, None, None, UserRole.ADMINISTRATOR)
    visitor = find_visitor(storage, log_in_with_identity(storage, ADA, BROWSER, link))
    assert visitor is not None
    assert (visitor.email, visitor.role) == ("ada@example.org", UserRole.ADMINISTRATOR)
    again = find_visitor(storage, log_in_with_identity(storage, replace(ADA, email=None, name="Other"), BROWSER))
    assert again is not None
    assert again.user_id == visitor.user_id


def test_same_address_is_not_the_same_user(tmp_path: Path) -> None:
    storage = open_storage(account_settings(tmp_path, registration="open"))
    _, owner = add_user(storage, "ada@example.org")
    visitor = find_visitor(storage, log_in_with_identity(storage, ADA, BROWSER))
    assert visitor is not None
    assert visitor.user_id != owner.user_id
    assert visitor.email is None
    other = find_visitor(storage, log_in_with_identity(storage, replace(ADA, issuer="https://evil.example"), BROWSER))
    assert other is not None
    assert other.user_id not in (visitor.user_id, owner.user_id)


def test_disabled_user_cannot_log_in(tmp_path: Path) -> None:
    storage = open_storage(account_settings(tmp_path, registration="open"))
    log_in_with_identity(storage, ADA, BROWSER)
    disable_user(storage, None, "ada@example.org")
    with pytest.raises(AccountError, match="disabled"):
        log_in_with_identity(storage, ADA, BROWSER)


def test_user_without_password_gets_no_reset_link(tmp_path: Path) -> None:
    storage = open_storage(account_settings(tmp_path, registration="open"))
    log_in_with_identity(storage, ADA, BROWSER)
    mails: list[str] = []
    request_reset(storage, "ada@example.org", lambda to, _: mails.append(to))
    assert mails == []


def test_identity_is_connected_to_one_account_only(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    _, bob = add_user(storage, "bob@example.org")
    connect_identity(storage, ada, ADA)
    connect_identity(storage, ada, ADA)
    with pytest.raises(AccountError, match="another account"):
        connect_identity(storage, bob, ADA)
    visitor = find_visitor(storage, log_in_with_identity(storage, ADA, BROWSER))
    assert visitor is not None
    assert visitor.user_id == ada.user_id


def test_stolen_session_of_a_user_without_password_expires_for_changes_after_ten_minutes(tmp_path: Path) -> None:
    storage = open_storage(account_settings(tmp_path, registration="open"))
    visitor = find_visitor(storage, log_in_with_identity(storage, ADA, BROWSER))
    assert visitor is not None
    assert check_own_password(storage, Throttle(), visitor, "").id == visitor.user_id
    old = replace(visitor, expires_at=visitor.expires_at - timedelta(minutes=11))
    with pytest.raises(AccountError, match="log in again by single sign-on"):
        check_own_password(storage, Throttle(), old, "")


def test_refused_login_is_audited(storage: Storage) -> None:
    with pytest.raises(AccountError):
        log_in_with_identity(storage, ADA, BROWSER)
    assert audit_actions(storage) == ["login.failed"]


@pytest.mark.parametrize(("state", "code"), [("forged", "code"), ("", "code"), ("state", "")])
def test_answer_to_another_login_is_refused_before_anything_is_fetched(state: str, code: str) -> None:
    provider = Provider(Settings(oidc_issuer="https://login.example.org", oidc_client_id="app"))
    with pytest.raises(AccountError, match="not started in this browser"):
        provider.finish(CALLBACK, Flow("state", "nonce", "verifier"), state, code)


def test_provider_without_https_is_refused() -> None:
    with pytest.raises(AccountError, match="https"):
        Provider(Settings(oidc_issuer="http://login.example.org", oidc_client_id="app")).begin(CALLBACK)


@pytest.fixture
def issuer() -> Iterator[str]:
    from oidc_provider_mock import User, run_server_in_thread

    claims = {"email": "ada@example.org", "email_verified": True, "name": "Ada"}
    with run_server_in_thread(require_nonce=True, user_claims=[User(sub="ada", claims=claims)]) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def client(tmp_path: Path, issuer: str) -> TestClient:
    settings = {"oidc_issuer": issuer, "oidc_client_id": "app", "oidc_client_secret": "secret"}
    return make_client(account_settings(tmp_path, **settings))


def _visit_provider(url: str, subject: str = "ada") -> str:
    """Log in at the provider and return where it sends the browser."""
    return str(httpx2.post(url, data={"sub": subject}).headers["location"]).removeprefix("http://127.0.0.1:8501")


@pytest.mark.slow
def test_login_at_the_provider_with_pkce(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from authlib.integrations.httpx_client import OAuth2Client
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    verifiers: list[str] = []
    fetch = OAuth2Client.fetch_token

    def fetch_and_note(self: OAuth2Client, *arguments: object, **values: str) -> object:
        verifiers.append(values["code_verifier"])
        return fetch(self, *arguments, **values)

    monkeypatch.setattr(OAuth2Client, "fetch_token", fetch_and_note)
    token = invite_user(server_state(client).storage, None, None, UserRole.READER)
    url = client.get(f"/account/sso?next=/detection&link={token}").headers["location"]
    query = parse_qs(urlsplit(url).query)
    assert query["code_challenge_method"] == ["S256"]
    response = client.get(_visit_provider(url))
    assert [create_s256_code_challenge(verifier) for verifier in verifiers] == query["code_challenge"]
    assert (response.status_code, response.headers["location"]) == (303, "/detection")
    assert client.get("/detection").text == "scans of patients"
    assert _users(server_state(client).storage) == [("ada@example.org", "Ada")]


@pytest.mark.slow
def test_stolen_answer_is_useless_in_another_browser_and_a_second_time(client: TestClient) -> None:
    invite = invite_user(server_state(client).storage, None, None, UserRole.READER)
    answer = _visit_provider(client.get(f"/account/sso?link={invite}").headers["location"])
    thief = TestClient(client.app, base_url=str(client.base_url), client=("192.0.2.7", 1), follow_redirects=False)
    assert thief.get(answer).status_code == 400
    thief.get("/account/sso")  # a flow of its own
    assert thief.get(answer).status_code == 400
    assert client.get(answer).status_code == 303
    assert client.get(answer).status_code == 400


@pytest.mark.slow
def test_answer_with_another_nonce_is_refused(client: TestClient, issuer: str) -> None:
    settings = Settings(oidc_issuer=issuer, oidc_client_id="app", oidc_client_secret="secret")
    provider = Provider(settings)
    url, flow = provider.begin(CALLBACK)
    code = parse_qs(urlsplit(_visit_provider(url)).query)["code"][0]
    with pytest.raises(AccountError, match="refused"):
        provider.finish(CALLBACK, replace(flow, nonce="other"), flow.state, code)


@pytest.mark.slow
def test_token_for_another_application_is_refused(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = Provider(Settings(oidc_issuer=issuer, oidc_client_id="app", oidc_client_secret="secret"))
    url, flow = provider.begin(CALLBACK)
    code = parse_qs(urlsplit(_visit_provider(url)).query)["code"][0]
    original = Provider._verify

    def verify_for_other(self: Provider, *arguments: object) -> Claims:
        self._client_id = "other"
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Provider, "_verify", verify_for_other)
    with pytest.raises(AccountError, match="refused"):
        provider.finish(CALLBACK, flow, flow.state, code)


@pytest.mark.slow
def test_unsigned_token_is_refused(issuer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    provider = Provider(Settings(oidc_issuer=issuer, oidc_client_id="app", oidc_client_secret="secret"))
    url, flow = provider.begin(CALLBACK)
    code = parse_qs(urlsplit(_visit_provider(url)).query)["code"][0]
    original = Provider._verify

    def verify_unsigned(self: Provider, metadata: dict[str, object], token: dict[str, object], nonce: str) -> Claims:
        body = str(token["id_token"]).split(".")[1]
        header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
        return original(self, metadata, token | {"id_token": f"{header}.{body}."}, nonce)

    monkeypatch.setattr(Provider, "_verify", verify_unsigned)
    with pytest.raises(AccountError, match="refused"):
        provider.finish(CALLBACK, flow, flow.state, code)


@pytest.mark.slow
def test_account_is_connected_by_its_user(client: TestClient) -> None:
    storage = server_state(client).storage
    add_user(storage, "root@example.org")
    log_in(client, "root@example.org")
    page = submit(client, "/account/sso", "/account", password="violet harbour kettle 9")
    url = re.search(r'class="button" href="([^"]+)"', page.text)
    assert url is not None
    answer = _visit_provider(url[1].replace("&amp;", "&"))
    assert client.get(answer).headers["location"] == "/account?done=connected"
    client.cookies.clear()
    url_again = client.get("/account/sso").headers["location"]
    assert client.get(_visit_provider(url_again)).status_code == 303
    assert [user[0] for user in _users(storage)] == ["root@example.org"]
