"""Who gets in: tokens with scopes, cookies from own pages, one user of this computer; and nobody else's records."""

from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from braintumor.api.app import create_app
from braintumor.auth.api_tokens import Scope, list_tokens, revoke_api_token
from braintumor.auth.users import disable_user
from braintumor.db.history import switch_history
from braintumor.db.storage import local_actor, open_storage
from braintumor.db.tables import ApiToken, UserRole
from braintumor.db.tables.base import now
from tests.helpers.accounts import BASE_URL, add_user, log_in, make_client
from tests.helpers.api import API, Api, api_settings, as_files, scan_png


def test_basic_and_malformed_authorization_is_refused(api: Api) -> None:
    for header in ("Basic YTpi", "Bearer", "bearer  ", "Bearer bt_\u00e9".encode().decode("latin-1")):
        response = api.client.get(f"{API}/me", headers={"Authorization": header.encode("latin-1")})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_ended_tokens_are_refused(api: Api) -> None:
    storage = api.state.storage
    assert api.client.get(f"{API}/me").json()["scopes"] == ["read", "write"]
    expired = api.client_with(api.token_of(api.actor))
    with storage.database.write() as session:
        session.execute(update(ApiToken).values(expires_at=now()))
    assert expired.get(f"{API}/me").status_code == 401
    revoked = api.client_with(api.token_of(api.actor))
    revoke_api_token(storage, api.actor, list_tokens(storage, api.actor)[0].id)
    assert revoked.get(f"{API}/me").status_code == 401
    disabled = api.client_with(api.token_of(api.actor))
    disable_user(storage, None, "ada@example.org")
    assert disabled.get(f"{API}/me").status_code == 401


def test_scopes_are_enforced(api: Api) -> None:
    reading_id = api.upload()["readings"][0]["reading_id"]
    reader = api.client_with(api.token_of(api.actor, Scope.READ))
    assert reader.get(f"{API}/readings/{reading_id}").status_code == 200
    refused = reader.put(f"{API}/readings/{reading_id}/finding", json={"opinion": "agree"})
    assert (refused.status_code, "write" in refused.json()["detail"]) == (403, True)
    writer = api.client_with(api.token_of(api.actor, Scope.WRITE))
    assert writer.get(f"{API}/readings").status_code == 403
    assert api.client.get(f"{API}/users").status_code == 403
    assert api.client.get(f"{API}/audit").status_code == 403
    assert api.client.get("/metrics").status_code == 403


def test_not_even_administrators_see_records_of_others(api: Api) -> None:
    saved = api.upload()["readings"][0]
    root = api.client_for("root@example.org", UserRole.ADMINISTRATOR)
    assert root.get(f"{API}/readings/{saved['reading_id']}").status_code == 404
    assert root.get(f"{API}/statistics/users").json()[0]["readings"] == 1


def test_cookie_works_from_own_pages_only(tmp_path: Path, model_outputs: Path) -> None:
    client = make_client(api_settings(tmp_path, model_outputs))
    add_user(client.app.state.server.storage, "ada@example.org")  # type: ignore[attr-defined]
    log_in(client, "ada@example.org")
    assert client.get(f"{API}/readings", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
    ):
        assert client.get(f"{API}/readings", headers=headers).status_code == 403
        assert client.post(f"{API}/scans", files=as_files(a=scan_png()), headers=headers).status_code == 403


@pytest.fixture
def local(tmp_path: Path, model_outputs: Path) -> TestClient:
    settings = api_settings(tmp_path, model_outputs, accounts=False)
    return TestClient(create_app(settings), base_url=BASE_URL, client=("127.0.0.1", 50_000))


def test_without_accounts_predictions_need_nothing_and_create_nothing(local: TestClient, tmp_path: Path) -> None:
    assert local.post(f"{API}/predict", files=as_files(a=scan_png())).status_code == 200
    refused = local.get(f"{API}/readings")
    assert (refused.status_code, "History page" in refused.json()["detail"]) == (409, True)
    assert "BRAINTUMOR_ACCOUNTS=on" in local.get(f"{API}/users").json()["detail"]
    assert local.get("/readyz").json() == {"status": "ok"}
    assert not (tmp_path / "data").exists()


def test_without_accounts_history_belongs_to_the_local_user(local: TestClient, tmp_path: Path) -> None:
    storage = open_storage(local.app.state.server.settings)  # type: ignore[attr-defined]
    switch_history(storage, local_actor(storage), on=True)
    assert local.post(f"{API}/scans", files=as_files(a=scan_png())).status_code == 201
    assert len(local.get(f"{API}/readings").json()["readings"]) == 1


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_without_accounts_pages_of_other_sites_are_refused(local: TestClient, headers: dict[str, str]) -> None:
    assert local.post(f"{API}/predict", files=as_files(a=scan_png()), headers=headers).status_code == 403
    assert local.get("/metrics", headers=headers).status_code == 403


def test_without_accounts_other_computers_are_refused(local: TestClient) -> None:
    remote = TestClient(local.app, base_url=BASE_URL, client=("198.51.100.7", 50_000))
    assert remote.get(f"{API}/models").status_code == 421
