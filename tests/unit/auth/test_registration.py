"""Accounts are created as the settings say; links work once, for their purpose, until they expire."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from braintumor.auth.links import find_link
from braintumor.auth.login import log_in
from braintumor.auth.registration import (
    accept_link,
    register,
    request_registration,
    request_reset,
    reset_password,
)
from braintumor.auth.sessions import find_visitor
from braintumor.auth.throttle import Throttle
from braintumor.auth.users import create_reset_link, invite_user
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import OneTimeLink, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import AccountError
from tests.helpers.accounts import BROWSER, PASSWORD, account_settings, add_user, audit_actions

NEW_PASSWORD = "amber lantern 4 rivers"


def _open(folder: Path, **values: Any) -> Storage:
    return open_storage(account_settings(folder, **values))


@pytest.mark.parametrize("mode", ["invitation", "off"])
def test_registration_is_refused_unless_it_is_open(tmp_path: Path, mode: str) -> None:
    storage = _open(tmp_path, registration=mode)
    with pytest.raises(AccountError, match="by invitation"):
        register(storage, "ada@example.org", "Ada", PASSWORD, BROWSER)
    with pytest.raises(AccountError, match="by invitation"):
        request_registration(storage, "ada@example.org", lambda *_: None)


def test_open_registration_creates_a_reader(tmp_path: Path) -> None:
    storage = _open(tmp_path, registration="open")
    visitor = find_visitor(storage, register(storage, "Ada@example.org", " Ada\nL. ", PASSWORD, BROWSER))
    assert visitor is not None
    assert (visitor.email, visitor.name, visitor.role) == ("ada@example.org", "Ada L.", UserRole.READER)
    with pytest.raises(AccountError, match="cannot be used"):
        register(storage, "ada@example.org", "Ada", PASSWORD, BROWSER)


def test_mailed_registration_sends_one_mail_in_both_cases(tmp_path: Path) -> None:
    storage = _open(tmp_path, registration="open", smtp="smtp://localhost")
    mails: list[tuple[str, str]] = []
    with pytest.raises(AccountError, match="by mail"):
        register(storage, "ada@example.org", "Ada", PASSWORD, BROWSER)
    request_registration(storage, "ada@example.org", lambda *mail: mails.append(mail))
    accept_link(storage, mails[0][1], "other@example.org", "Ada", PASSWORD, BROWSER)
    request_registration(storage, "ada@example.org", lambda *mail: mails.append(mail))
    assert [(to, bool(token)) for to, token in mails] == [("ada@example.org", True), ("ada@example.org", False)]
    assert log_in(storage, Throttle(), "ada@example.org", PASSWORD, BROWSER)


def test_refused_password_leaves_the_invitation_valid(storage: Storage) -> None:
    link = invite_user(storage, None, None, UserRole.READER)
    with pytest.raises(AccountError, match="at least 12"):
        accept_link(storage, link, "ada@example.org", "Ada", "short", BROWSER)
    accept_link(storage, link, "ada@example.org", "Ada", PASSWORD, BROWSER)
    with pytest.raises(AccountError, match="has been used"):
        accept_link(storage, link, "eve@example.org", "Eve", PASSWORD, BROWSER)


def test_opening_a_link_does_not_use_it(storage: Storage) -> None:
    link = invite_user(storage, None, "ada@example.org", UserRole.ADMINISTRATOR)
    assert find_link(storage, link).email == "ada@example.org"
    assert find_link(storage, link).role is UserRole.ADMINISTRATOR


def test_expired_link_is_refused(storage: Storage) -> None:
    link = invite_user(storage, None, "ada@example.org", UserRole.READER)
    with storage.database.write() as session:
        session.execute(update(OneTimeLink).values(expires_at=now() - timedelta(seconds=1)))
    with pytest.raises(AccountError, match="has expired"):
        accept_link(storage, link, "", "", PASSWORD, BROWSER)


def test_link_works_only_for_its_purpose(storage: Storage) -> None:
    add_user(storage, "ada@example.org")
    reset = create_reset_link(storage, None, "ada@example.org")
    invitation = invite_user(storage, None, "bob@example.org", UserRole.READER)
    with pytest.raises(AccountError):
        accept_link(storage, reset, "", "", PASSWORD, BROWSER)
    with pytest.raises(AccountError):
        reset_password(storage, invitation, NEW_PASSWORD, BROWSER)


def test_reset_changes_the_password_and_ends_sessions_and_other_links(storage: Storage) -> None:
    token, _ = add_user(storage, "ada@example.org")
    first = create_reset_link(storage, None, "ada@example.org")
    second = create_reset_link(storage, None, "ada@example.org")
    assert find_visitor(storage, reset_password(storage, first, NEW_PASSWORD, BROWSER)) is not None
    assert find_visitor(storage, token) is None
    with pytest.raises(AccountError):
        reset_password(storage, second, NEW_PASSWORD, BROWSER)
    assert log_in(storage, Throttle(), "ada@example.org", NEW_PASSWORD, BROWSER)


def test_reset_of_an_unknown_user_sends_nothing_and_leaves_the_same_audit_entry(storage: Storage) -> None:
    add_user(storage, "ada@example.org")
    mails: list[tuple[str, str]] = []
    for email in ("ada@example.org", "nobody@example.org"):
        request_reset(storage, email, lambda *mail: mails.append(mail))
    assert [to for to, _ in mails] == ["ada@example.org"]
    assert audit_actions(storage)[-2:] == ["password.reset_requested"] * 2
    assert find_visitor(storage, reset_password(storage, mails[0][1], NEW_PASSWORD, BROWSER)) is not None
