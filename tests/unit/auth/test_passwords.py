"""Weak passwords are refused, hashes are Argon2id, and unknown users cost the same work."""

from unittest.mock import patch

import pytest
from argon2 import PasswordHasher

from braintumor.auth import passwords
from braintumor.auth.passwords import check_new_password, hash_password, needs_rehash, verify_password
from braintumor.errors import AccountError


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaaa", "password1234", "P@ssw0rd1234!", "qwertyuiop12", "123456789012", "abcabcabcabc",
     "braintumor2026", "Administrator1", "111222333444", "MyPassword123", "welcome-2026-welcome",
     "1q2w3e4r5t6y", "1qaz2wsx3edc", "!QAZ@WSX3edc", "zaq12wsxcde3", "michael12345", "2026Elizabeth!", "rabbitrabbit"],
)  # fmt: skip
def test_weak_password_is_refused(password: str) -> None:
    with pytest.raises(AccountError):
        check_new_password(password)


@pytest.mark.parametrize(
    "password",
    [
        "violet harbour kettle",
        "7$kQz!pR2mVw",
        "ein Löwe mag Käse",
        "correct horse battery staple",
        "写真を撮る機械はどこですか今",
    ],
)
def test_strong_password_is_accepted(password: str) -> None:
    check_new_password(password, "ada@example.org", "Ada Lovelace")


@pytest.mark.parametrize("password", ["lovelace-2026!", "ada.lovelace1", "LovelaceLovelace7"])
def test_own_name_is_refused(password: str) -> None:
    with pytest.raises(AccountError, match=r"own name|easy to guess"):
        check_new_password(password, "ada@example.org", "Ada Lovelace")


def test_long_password_is_refused() -> None:
    with pytest.raises(AccountError, match="128"):
        check_new_password("abc def ghi " * 30)


def test_hash_is_argon2id_and_matches_only_its_password() -> None:
    stored = hash_password("violet harbour kettle")
    assert stored.startswith("$argon2id$")
    assert verify_password(stored, "violet harbour kettle")
    assert not verify_password(stored, "violet harbour Kettle")
    assert not verify_password("damaged", "violet harbour kettle")


def test_password_is_not_truncated() -> None:
    longest = "violet harbour kettle 9 " * 6
    longest = longest[:128]
    stored = hash_password(longest)
    assert verify_password(stored, longest)
    assert not verify_password(stored, longest + "x")
    assert not verify_password(stored, longest[:-1])


def test_composed_characters_are_equal() -> None:
    assert verify_password(hash_password("caf\u00e9 by the sea"), "cafe\u0301 by the sea")


@pytest.mark.parametrize("exists", [True, False])
def test_unknown_user_takes_one_verification_like_a_wrong_password(exists: bool) -> None:
    stored = hash_password("violet harbour kettle") if exists else None
    verify_password(None, "warm-up")
    with patch.object(passwords, "_HASHER", wraps=passwords._HASHER) as hasher:
        assert not verify_password(stored, "wrong password")
    assert [call[0] for call in hasher.method_calls] == ["verify"]


def test_hash_with_other_parameters_is_renewed() -> None:
    assert needs_rehash(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash("violet"))
    assert not needs_rehash(hash_password("violet"))
