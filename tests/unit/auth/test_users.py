"""Users are invited, disabled, promoted and deleted, and one administrator always remains."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from braintumor.auth.account_deletion import delete_user
from braintumor.auth.api_tokens import Scope, create_token
from braintumor.auth.registration import accept_link
from braintumor.auth.sessions import find_visitor
from braintumor.auth.users import (
    change_role,
    create_setup_link,
    disable_user,
    enable_user,
    invite_user,
    list_users,
)
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import ApiToken, LoginSession, OneTimeLink, User, UserRole, UserState
from braintumor.errors import AccountError
from tests.helpers.accounts import BROWSER, PASSWORD, add_user, audit_actions


def test_first_administrator_is_created_by_link_once(storage: Storage) -> None:
    first, second = create_setup_link(storage), create_setup_link(storage)
    assert first is not None
    assert second is not None
    with pytest.raises(AccountError, match="replaced by a newer one"):
        accept_link(storage, first, "root@example.org", "Root", PASSWORD, BROWSER)
    visitor = find_visitor(storage, accept_link(storage, second, "root@example.org", "Root", PASSWORD, BROWSER))
    assert visitor is not None
    assert visitor.role is UserRole.ADMINISTRATOR
    assert create_setup_link(storage) is None


def test_setup_link_is_void_once_there_is_an_administrator(storage: Storage) -> None:
    link = create_setup_link(storage)
    assert link is not None
    add_user(storage, "root@example.org", UserRole.ADMINISTRATOR)
    with pytest.raises(AccountError, match="administrator already"):
        accept_link(storage, link, "mallory@example.org", "", PASSWORD, BROWSER)


def test_reader_may_not_manage_users(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    add_user(storage, "bob@example.org")
    for action in (
        lambda: list_users(storage, ada.actor),
        lambda: invite_user(storage, ada.actor, "c@example.org", UserRole.ADMINISTRATOR),
        lambda: disable_user(storage, ada.actor, "bob@example.org"),
        lambda: change_role(storage, ada.actor, "ada@example.org", UserRole.ADMINISTRATOR),
        lambda: delete_user(storage, ada.actor, UUID(int=1)),
    ):
        with pytest.raises(AccountError, match="Only administrators"):
            action()


def test_last_administrator_stays(storage: Storage) -> None:
    _, root = add_user(storage, "root@example.org", UserRole.ADMINISTRATOR)
    for action in (
        lambda: disable_user(storage, root.actor, "root@example.org"),
        lambda: change_role(storage, root.actor, "root@example.org", UserRole.READER),
        lambda: delete_user(storage, root.actor, root.user_id),
    ):
        with pytest.raises(AccountError, match="only administrator"):
            action()
    add_user(storage, "second@example.org", UserRole.ADMINISTRATOR)
    change_role(storage, root.actor, "root@example.org", UserRole.READER)
    assert {user.email: user.role for user in list_users(storage, None)} == {
        "root@example.org": UserRole.READER,
        "second@example.org": UserRole.ADMINISTRATOR,
    }


def test_invited_user_appears_in_the_list_and_comes_back_after_disabling(storage: Storage) -> None:
    link = invite_user(storage, None, "ada@example.org", UserRole.READER)
    assert [(user.email, user.state) for user in list_users(storage, None)] == [("ada@example.org", UserState.INVITED)]
    with pytest.raises(AccountError, match="already"):
        invite_user(storage, None, "ADA@example.org", UserRole.READER)
    disable_user(storage, None, "ada@example.org")
    with pytest.raises(AccountError):
        accept_link(storage, link, "", "", PASSWORD, BROWSER)
    enable_user(storage, None, "ada@example.org")
    assert [user.state for user in list_users(storage, None)] == [UserState.INVITED]


@pytest.mark.parametrize("email", ["", "ada", "@example.org", "a b@example.org", "a@example.org\nBcc: b@example.org"])
def test_malformed_address_is_refused(storage: Storage, email: str) -> None:
    with pytest.raises(AccountError, match="not a valid e-mail address"):
        invite_user(storage, None, email or " ", UserRole.READER)


def test_deleted_account_leaves_nothing_but_audit_entries(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    create_token(storage, ada.actor, "export", [Scope.READ], 30)
    delete_user(storage, ada.actor, ada.user_id)
    with storage.database.read() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (User, LoginSession, ApiToken)]
        links = session.scalar(select(func.count()).select_from(OneTimeLink).where(OneTimeLink.used_at.is_(None)))
        assert (counts, links) == ([0, 0, 0], 0)
        assert storage.audit.verify(session).problems == []
    assert audit_actions(storage)[-2:] == ["history.erased", "user.deleted"]
    assert b"ada@example.org" not in storage.database.file.read_bytes()


def test_administrator_deletes_the_account_of_another_user(storage: Storage) -> None:
    _, root = add_user(storage, "root@example.org", UserRole.ADMINISTRATOR)
    _, ada = add_user(storage, "ada@example.org")
    delete_user(storage, Actor(root.user_id, root.role), ada.user_id)
    assert [user.email for user in list_users(storage, None)] == ["root@example.org"]
