"""Sessions end by time, by logout, by revocation and with their user; only hashes are stored."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from braintumor.auth.login import change_password, log_in, log_out
from braintumor.auth.sessions import (
    Browser,
    Visitor,
    find_visitor,
    list_sessions,
    revoke_other_sessions,
    revoke_session,
    session_cookie_name,
)
from braintumor.auth.throttle import Throttle
from braintumor.auth.users import disable_user
from braintumor.db.storage import Storage
from braintumor.db.tables import LoginSession, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import AccountError
from braintumor.settings import Settings
from tests.helpers.accounts import BROWSER, PASSWORD, add_user, audit_actions


def _set(storage: Storage, visitor: Visitor, **values: object) -> None:
    with storage.database.write() as session:
        session.execute(update(LoginSession).where(LoginSession.id == visitor.session_id).values(**values))


def test_token_finds_its_user_and_is_not_stored(storage: Storage) -> None:
    token, visitor = add_user(storage, "Ada@Example.org", UserRole.ADMINISTRATOR)
    assert (visitor.email, visitor.name, visitor.actor.is_administrator) == ("ada@example.org", "Ada", True)
    files = b"".join(file.read_bytes() for file in storage.settings.data_dir.glob("braintumor.sqlite*"))
    assert visitor.session_id.bytes.hex().encode() in files
    assert token.encode() not in files
    assert PASSWORD.encode() not in files


@pytest.mark.parametrize("token", [None, "", "forged", "' OR 1=1 --", "a" * 10_000])
def test_unknown_token_finds_nobody(storage: Storage, token: str | None) -> None:
    add_user(storage, "ada@example.org")
    assert find_visitor(storage, token) is None


def test_session_ends_after_its_time_and_after_a_pause(storage: Storage) -> None:
    token, visitor = add_user(storage, "ada@example.org")
    _set(storage, visitor, last_seen_at=now() - timedelta(minutes=29))
    assert find_visitor(storage, token) is not None  # and counts as activity
    with storage.database.read() as session:
        assert now() - session.scalars(select(LoginSession.last_seen_at)).one() < timedelta(minutes=1)
    _set(storage, visitor, last_seen_at=now() - timedelta(minutes=31))
    assert find_visitor(storage, token) is None
    _set(storage, visitor, last_seen_at=now(), expires_at=now() - timedelta(seconds=1))
    assert find_visitor(storage, token) is None


def test_logout_ends_the_session(storage: Storage) -> None:
    token, _ = add_user(storage, "ada@example.org")
    log_out(storage, token)
    log_out(storage, token)
    assert find_visitor(storage, token) is None
    assert audit_actions(storage)[-1:] == ["logout"]


def test_user_lists_and_revokes_own_sessions_only(storage: Storage) -> None:
    token, ada = add_user(storage, "ada@example.org")
    other_token, bob = add_user(storage, "bob@example.org")
    second = log_in(storage, Throttle(), "ada@example.org", PASSWORD, Browser("192.0.2.9", "Chrome\n<b>"))
    assert [row.user_agent for row in list_sessions(storage, ada.actor)] == ["Chrome<b>", "Firefox"]
    with pytest.raises(AccountError, match="no such session"):
        revoke_session(storage, ada.actor, bob.session_id)
    assert find_visitor(storage, other_token) is not None
    assert revoke_other_sessions(storage, ada) == 1
    assert (find_visitor(storage, second), find_visitor(storage, token) is not None) == (None, True)
    revoke_session(storage, ada.actor, ada.session_id)
    assert find_visitor(storage, token) is None


def test_disabled_user_is_out_at_once(storage: Storage) -> None:
    token, _ = add_user(storage, "ada@example.org")
    disable_user(storage, None, "ada@example.org")
    assert find_visitor(storage, token) is None


def test_login_ends_the_session_that_the_browser_had(storage: Storage) -> None:
    token, _ = add_user(storage, "ada@example.org")
    new = log_in(storage, Throttle(), "ada@example.org", PASSWORD, BROWSER, old_token=token)
    assert new != token
    assert find_visitor(storage, token) is None


def test_password_change_ends_all_sessions_and_starts_another(storage: Storage) -> None:
    token, visitor = add_user(storage, "ada@example.org")
    second = log_in(storage, Throttle(), "ada@example.org", PASSWORD, BROWSER)
    new = change_password(storage, Throttle(), visitor, PASSWORD, "amber lantern 4 rivers", BROWSER)
    assert [find_visitor(storage, old) for old in (token, second)] == [None, None]
    assert find_visitor(storage, new) is not None
    with pytest.raises(AccountError):
        log_in(storage, Throttle(), "ada@example.org", PASSWORD, BROWSER)


def test_cookie_is_bound_to_the_host_with_https() -> None:
    assert session_cookie_name(Settings(public_url="https://scans.example.org")) == "__Host-braintumor"
    assert session_cookie_name(Settings()) == "braintumor"
