"""Attacker who guesses: passwords, accounts, links; and who tries to lock others out."""

from pathlib import Path
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from braintumor.api.account import login, notices, registration
from braintumor.auth.users import create_reset_link
from tests.helpers.accounts import (
    PASSWORD,
    account_settings,
    add_user,
    log_in,
    make_client,
    server_state,
    share_server,
    submit,
)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    client = make_client(account_settings(tmp_path), address="198.51.100.7")
    add_user(server_state(client).storage, "ada@example.org")
    return client


def test_refused_logins_look_alike(client: TestClient) -> None:
    wrong = log_in(client, "ada@example.org", "wrong password")
    unknown = log_in(client, "bob@example.org", "wrong password")
    assert wrong.status_code == unknown.status_code == 400
    assert wrong.text.replace("ada@", "bob@") == unknown.text
    assert PASSWORD not in wrong.text


def test_guessing_ends_with_429_and_the_owner_still_gets_in(client: TestClient) -> None:
    for _ in range(5):
        assert log_in(client, "ada@example.org", "wrong password").status_code == 400
    refused = log_in(client, "ada@example.org", "wrong password")
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    owner = share_server(client, "203.0.113.5")
    assert log_in(owner, "ada@example.org").status_code == 303


def test_attacker_behind_the_same_address_does_not_lock_out_a_browser_that_was_here_before(client: TestClient) -> None:
    owner = share_server(client, "198.51.100.7")
    add_user(server_state(client).storage, "bob@example.org")
    assert log_in(owner, "ada@example.org").status_code == 303
    submit(owner, "/account/logout", "/account")
    for _ in range(8):
        log_in(client, "ada@example.org", "wrong password")
    assert log_in(client, "ada@example.org").status_code == 429
    owner_device = owner.cookies["braintumor-device"]
    assert log_in(owner, "ada@example.org").status_code == 303
    for device in (f"forged.{'0' * 64}", owner_device[:-1] + "x", ""):
        client.cookies.set("braintumor-device", device)
        assert log_in(client, "ada@example.org").status_code == 429
    client.cookies.set("braintumor-device", owner_device)  # stolen: five attempts more, and only on its own account
    codes = [log_in(client, "ada@example.org", "wrong password").status_code for _ in range(7)]
    assert codes == [400] * 5 + [429] * 2


def test_forged_forwarding_header_does_not_reset_the_count(client: TestClient) -> None:
    for number in range(5):
        client.headers["X-Forwarded-For"] = f"203.0.113.{number}"
        log_in(client, "ada@example.org", "wrong password")
    assert log_in(client, "ada@example.org", "wrong password").status_code == 429


def test_reset_answers_alike_and_mails_only_users(tmp_path: Path) -> None:
    settings = account_settings(tmp_path, smtp="smtp://localhost", public_url="https://scans.example.org")
    client = make_client(settings, base_url="https://scans.example.org")
    add_user(server_state(client).storage, "ada@example.org")
    with patch.object(login, "send_mail_later") as mail:
        answers = [submit(client, "/account/reset", email=f"{name}@example.org") for name in ("ada", "bob")]
    assert answers[0].text == answers[1].text
    assert [call.args[1] for call in mail.call_args_list] == ["ada@example.org"]
    assert "https://scans.example.org/account/link?token=" in mail.call_args.args[3]


def test_mails_to_one_address_are_limited(tmp_path: Path) -> None:
    client = make_client(account_settings(tmp_path, smtp="smtp://localhost"))
    add_user(server_state(client).storage, "ada@example.org")
    with patch.object(login, "send_mail_later") as mail:
        codes = [submit(client, "/account/reset", email="ada@example.org").status_code for _ in range(8)]
    assert codes == [200] * 5 + [429] * 3
    assert mail.call_count == 5


def test_registration_with_mail_answers_alike(tmp_path: Path) -> None:
    client = make_client(account_settings(tmp_path, smtp="smtp://localhost", registration="open"))
    add_user(server_state(client).storage, "ada@example.org")
    with patch.object(registration, "send_mail_later") as mail:
        answers = [submit(client, "/account/register", email=f"{name}@example.org") for name in ("ada", "bob")]
    assert answers[0].text == answers[1].text
    assert ["account/link" in call.args[3] for call in mail.call_args_list] == [False, True]


def test_registrations_of_an_address_are_limited(tmp_path: Path) -> None:
    client = make_client(account_settings(tmp_path, registration="open"))
    codes = [submit(client, "/account/register", email="", name="", password="").status_code for _ in range(22)]
    assert codes == [400] * 20 + [429] * 2


def test_guessed_link_is_refused(client: TestClient) -> None:
    assert client.get("/account/link?token=guess").status_code == 410
    fields = {"token": "guess", "email": "eve@example.org", "password": PASSWORD}
    assert submit(client, "/account/link", "/account/login", **fields).status_code == 410


def test_stolen_session_changes_no_password_makes_no_token_and_deletes_nothing(client: TestClient) -> None:
    log_in(client, "ada@example.org")
    for path, fields in (
        ("/account/password", {"new_password": "amber lantern 4 rivers"}),
        ("/account/tokens", {"name": "a", "scopes": "read", "days": "30"}),
        ("/account/delete", {"confirm": "delete"}),
    ):
        response = submit(client, path, "/account", password="wrong password", **fields)
        assert (response.status_code, "current password is wrong" in response.text) == (400, True)
    assert log_in(share_server(client, "203.0.113.5"), "ada@example.org").status_code == 303


def test_users_are_told_of_changes_to_how_they_log_in(tmp_path: Path) -> None:
    client = make_client(account_settings(tmp_path, smtp="smtp://localhost"))
    add_user(server_state(client).storage, "ada@example.org")
    log_in(client, "ada@example.org")
    with patch.object(notices, "send_mail_later") as mail:
        submit(client, "/account/tokens", "/account", name="a", scopes="read", days="9", password=PASSWORD)
        submit(client, "/account/password", "/account", password=PASSWORD, new_password="amber lantern 4 rivers")
        link = create_reset_link(server_state(client).storage, None, "ada@example.org")
        submit(client, "/account/link", f"/account/link?token={link}", token=link, password=PASSWORD)
    texts = [call.args[3] for call in mail.call_args_list]
    assert {call.args[1] for call in mail.call_args_list} == {"ada@example.org"}
    assert [text.split(".")[0] for text in texts] == [
        "An API token was created for your account",
        "The password of your account was changed",
        "Your password was set through a one-time link",
    ]
    assert not [text for text in texts if link in text or PASSWORD in text or "bt_" in text]
