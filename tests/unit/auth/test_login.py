"""Refused logins look and cost the same, whether the account exists or not."""

from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, select

from braintumor.auth import devices, passwords
from braintumor.auth.devices import find_place
from braintumor.auth.login import change_password, check_own_password, log_in
from braintumor.auth.throttle import FREE_ATTEMPTS, Throttle, TooManyAttemptsError
from braintumor.auth.users import disable_user, invite_user
from braintumor.db.storage import Storage
from braintumor.db.tables import User, UserRole
from braintumor.errors import AccountError
from tests.helpers.accounts import BROWSER, PASSWORD, add_user, audit_actions


@pytest.fixture
def users(storage: Storage) -> Storage:
    add_user(storage, "ada@example.org")
    add_user(storage, "off@example.org")
    disable_user(storage, None, "off@example.org")
    invite_user(storage, None, "new@example.org", UserRole.READER)
    return storage


def _refusal(storage: Storage, email: str, password: str) -> tuple[str, list[str], list[str]]:
    """Message, work of Argon2, and statements of a refused login."""
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    with patch.object(passwords, "_HASHER", wraps=passwords._HASHER) as hasher:
        passwords._unknown_hash()
        hasher.reset_mock()
        event.listen(storage.database.engine, "before_cursor_execute", note)
        with pytest.raises(AccountError) as refusal:
            log_in(storage, Throttle(), email, password, BROWSER)
        event.remove(storage.database.engine, "before_cursor_execute", note)
    return str(refusal.value), [call[0] for call in hasher.method_calls], statements


def test_refusals_do_not_tell_which_accounts_exist(users: Storage) -> None:
    refusals = [
        _refusal(users, "ada@example.org", "wrong password"),
        _refusal(users, "nobody@example.org", "wrong password"),
        _refusal(users, "off@example.org", PASSWORD),
        _refusal(users, "new@example.org", PASSWORD),
    ]
    first = refusals[0]
    assert first[1] == ["verify"]
    assert all(refusal == first for refusal in refusals)
    assert audit_actions(users)[-4:] == ["login.failed"] * 4


def test_login_is_case_insensitive_in_the_address_and_exact_in_the_password(users: Storage) -> None:
    assert log_in(users, Throttle(), " ADA@example.ORG", PASSWORD, BROWSER)
    with pytest.raises(AccountError):
        log_in(users, Throttle(), "ada@example.org", PASSWORD.upper(), BROWSER)


def test_throttled_attempt_checks_no_password(users: Storage) -> None:
    throttle = Throttle()
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(AccountError, match="wrong"):
            log_in(users, throttle, "ada@example.org", "wrong password", BROWSER)
    with patch.object(passwords, "_HASHER") as hasher, pytest.raises(TooManyAttemptsError):
        log_in(users, throttle, "ada@example.org", PASSWORD, BROWSER)
    assert hasher.method_calls == []


def test_hash_is_renewed_at_login(users: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", stronger)
    log_in(users, Throttle(), "ada@example.org", PASSWORD, BROWSER)
    with users.database.read() as session:
        stored = session.scalars(select(User.password_hash).where(User.email == "ada@example.org")).one()
    assert stored is not None
    assert not stronger.check_needs_rehash(stored)


def test_password_change_needs_the_old_password(storage: Storage) -> None:
    _, visitor = add_user(storage, "ada@example.org")
    with pytest.raises(AccountError, match="current password"):
        change_password(storage, Throttle(), visitor, "wrong password", "amber lantern 4 rivers", BROWSER)
    with pytest.raises(AccountError, match="at least 12"):
        change_password(storage, Throttle(), visitor, PASSWORD, "short", BROWSER)


def test_known_browser_is_checked_with_the_same_work_for_unknown_users(users: Storage) -> None:
    with users.database.read() as session:
        ada = session.scalars(select(User).where(User.email == "ada@example.org")).one()
    with patch.object(devices, "_sign", wraps=devices._sign) as sign:
        assert {find_place(user, "192.0.2.1", "number.seal") for user in (ada, None)} == {"192.0.2.1"}
    assert sign.call_count == 2


def test_wrong_current_passwords_of_one_user_take_no_attempts_of_others(storage: Storage) -> None:
    throttle, (_, ada), (_, bob) = Throttle(), *(add_user(storage, f"{name}@example.org") for name in ("ada", "bob"))
    for number in range(60):
        with pytest.raises(AccountError):
            check_own_password(storage, throttle, replace(ada, session_id=UUID(int=number)), "wrong")
    for _ in range(FREE_ATTEMPTS):
        with pytest.raises(AccountError, match="current password is wrong"):
            check_own_password(storage, throttle, bob, "wrong")
