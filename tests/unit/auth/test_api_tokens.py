"""Tokens have scopes and an expiry date, belong to one user, and are stored as hashes."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from braintumor.auth.api_tokens import Scope, create_token, find_token_holder, list_tokens, revoke_api_token
from braintumor.auth.users import change_role, disable_user
from braintumor.db.storage import Storage
from braintumor.db.tables import ApiToken, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import AccountError
from tests.helpers.accounts import add_user


def test_token_acts_for_its_user_with_its_scopes(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    token = create_token(storage, ada.actor, "nightly export", [Scope.WRITE, Scope.READ], 30)
    holder = find_token_holder(storage, token)
    assert token.startswith("bt_")
    assert holder is not None
    assert (holder.actor.id, holder.scopes) == (ada.user_id, {Scope.READ, Scope.WRITE})
    with storage.database.read() as session:
        assert token not in session.scalars(select(ApiToken.token_hash)).one()
    assert [(row.name, row.scopes, row.last_used_at is not None) for row in list_tokens(storage, ada.actor)] == [
        ("nightly export", "read write", True)
    ]


@pytest.mark.parametrize(
    ("name", "scopes", "days"), [("", ["read"], 1), ("a", [], 1), ("a", ["read"], 0), ("a", ["read"], 366)]
)
def test_token_needs_a_name_a_scope_and_an_expiry(storage: Storage, name: str, scopes: list[Scope], days: int) -> None:
    _, ada = add_user(storage, "ada@example.org")
    with pytest.raises(AccountError):
        create_token(storage, ada.actor, name, scopes, days)


@pytest.mark.parametrize("token", ["", "bt_", "bt_forged", "forged", "bt_' OR 1=1 --"])
def test_forged_token_is_refused(storage: Storage, token: str) -> None:
    assert find_token_holder(storage, token) is None


def test_expired_revoked_and_orphaned_tokens_are_refused(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    _, bob = add_user(storage, "bob@example.org")
    revoked, expired, kept = (create_token(storage, ada.actor, name, [Scope.READ], 1) for name in "abc")
    ids = {row.name: row.id for row in list_tokens(storage, ada.actor)}
    with pytest.raises(AccountError, match="no such token"):
        revoke_api_token(storage, bob.actor, ids["a"])
    revoke_api_token(storage, ada.actor, ids["a"])
    with storage.database.write() as session:
        past = now() - timedelta(seconds=1)
        session.execute(update(ApiToken).where(ApiToken.id == ids["b"]).values(expires_at=past))
    assert [find_token_holder(storage, token) is not None for token in (revoked, expired, kept)] == [False, False, True]
    disable_user(storage, None, "ada@example.org")
    assert find_token_holder(storage, kept) is None


def test_admin_scope_is_for_administrators_and_ends_with_the_role(storage: Storage) -> None:
    _, ada = add_user(storage, "ada@example.org")
    _, root = add_user(storage, "root@example.org", UserRole.ADMINISTRATOR)
    add_user(storage, "second@example.org", UserRole.ADMINISTRATOR)
    with pytest.raises(AccountError, match="Only administrators"):
        create_token(storage, ada.actor, "a", [Scope.ADMIN], 1)
    token = create_token(storage, root.actor, "a", [Scope.READ, Scope.ADMIN], 1)
    change_role(storage, None, "root@example.org", UserRole.READER)
    holder = find_token_holder(storage, token)
    assert holder is not None
    assert holder.scopes == {Scope.READ}
