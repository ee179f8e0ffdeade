"""Commands `users`, `serve` and `worker`: links, lists, and which addresses are refused."""

import re
import socket
from pathlib import Path

import pytest

from braintumor.auth.registration import accept_link
from braintumor.auth.sessions import find_visitor
from braintumor.cli import main
from braintumor.cli.serve import check_address, open_browser
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import UserRole
from braintumor.errors import AccountError
from braintumor.settings import Settings, get_settings
from tests.helpers.accounts import BROWSER, PASSWORD, account_settings, cheap_hashes

__all__ = ["cheap_hashes"]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setenv("BRAINTUMOR_DATA", str(tmp_path))
    monkeypatch.setenv("BRAINTUMOR_PUBLIC_URL", "https://scans.example.org")
    get_settings.cache_clear()
    return open_storage(get_settings())


def _token(output: str) -> str:
    found = re.search(r"https://scans\.example\.org/account/link\?token=(\S+)", output)
    assert found, output
    return found[1]


def test_administrator_is_added_by_hand(storage: Storage, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["users", "add", "root@example.org", "--administrator"]) == 0
    token = _token(capsys.readouterr().out)
    visitor = find_visitor(storage, accept_link(storage, token, "", "Root", PASSWORD, BROWSER))
    assert visitor is not None
    assert visitor.role is UserRole.ADMINISTRATOR
    assert main(["users", "add", "ada@example.org"]) == 0
    assert main(["users", "disable", "ada@example.org"]) == 0
    capsys.readouterr()
    assert main(["users", "list"]) == 0
    lines = [line.split("\t")[:3] for line in capsys.readouterr().out.splitlines()]
    assert lines == [["ada@example.org", "reader", "disabled"], ["root@example.org", "administrator", "active"]]
    assert main(["users", "enable", "ada@example.org"]) == 0
    assert main(["users", "reset", "root@example.org"]) == 0
    assert _token(capsys.readouterr().out)


@pytest.mark.parametrize("command", ["reset", "disable", "enable"])
def test_unknown_user_is_an_error(storage: Storage, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert main(["users", command, "nobody@example.org"]) == 1
    assert "no account with the address nobody@example.org" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.9"])
def test_this_computer_needs_no_accounts(host: str) -> None:
    check_address(Settings(), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "scans.example.org", ""])
def test_other_computers_need_accounts_and_a_public_address(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(AccountError, match="BRAINTUMOR_ACCOUNTS=on"):
        check_address(Settings(public_url="https://scans.example.org"), host)
    with pytest.raises(AccountError, match="BRAINTUMOR_PUBLIC_URL"):
        check_address(account_settings(tmp_path), host)
    check_address(account_settings(tmp_path, public_url="https://scans.example.org"), host)
    assert capsys.readouterr().err == ""
    check_address(account_settings(tmp_path, public_url="http://scans.example.org"), host)
    assert "unencrypted" in capsys.readouterr().err


def test_server_open_to_others_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BRAINTUMOR_ACCOUNTS", raising=False)
    assert main(["serve", "--host", "0.0.0.0"]) == 1
    assert "Without accounts" in capsys.readouterr().err


def test_busy_port_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("BRAINTUMOR_ACCOUNTS", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["serve", "--port", str(other.getsockname()[1])]) == 1
    assert "already in use). Stop the other program, or choose another port" in capsys.readouterr().err


def test_browser_window_opens_once_the_server_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        open_browser("127.0.0.1", server.getsockname()[1], "http://localhost:8501")
    assert opened == ["http://localhost:8501"]


def test_worker_checks_its_database(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worker", "--check"]) == 0
    monkeypatch.setenv("BRAINTUMOR_DATABASE", "postgresql://user:password@127.0.0.1:1/absent")
    get_settings.cache_clear()
    assert main(["worker", "--check"]) == 1
    assert "database cannot be used" in capsys.readouterr().err
