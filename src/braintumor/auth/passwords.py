"""Passwords: which are accepted, and their Argon2id hashes."""

import itertools
import re
import secrets
import threading
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from braintumor.errors import AccountError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 128
_MIN_DIFFERENT: Final = 5
_HASHER: Final = PasswordHasher()  # Argon2id with the parameters of RFC 9106 for little memory: 64 MiB
# At most this many at once, so that many logins cannot exhaust memory and cores.
_SLOTS: Final = threading.BoundedSemaphore(2)
_KEY_ROWS: Final = ("1234567890", "qwertyuiop", "asdfghjkl;", "zxcvbnm,./")
_SHIFTED: Final = str.maketrans("!@#$%^&*()", "1234567890")
_MAX_NEIGHBORS: Final = 0.65  # of the pairs of characters; sentences have 0.1 to 0.3
# Words that common passwords of this length are made of, with numbers and symbols around or between them.
_COMMON_WORDS: Final = (
    "abcdefghijklm", "administrator", "admin", "asdfghjkl", "braintumor", "braintumour", "changeme", "computer",
    "default", "detector", "dragon", "football", "hospital", "iloveyou", "letmein", "login", "master", "monkey",
    "password", "passwort", "princess", "qwertyuiop", "qwertz", "qwerty", "radiology", "secret", "superman",
    "sunshine", "test", "trustno", "user", "welcome", "zxcvbnm", "azerty", "passw", "pass", "word", "scan", "brain",
    "tumor", "tumour", "my", "the", "is", "a",
)  # fmt: skip


def check_new_password(password: str, *own: str) -> None:
    """Check a new password.

    Parameters
    ----------
    password : str
    *own : str
        Address and name of the user, which the password must not repeat.

    Raises
    ------
    AccountError
        It is too short, too long, common, or contains the user's own name.
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(folded) < MIN_LENGTH:
        raise AccountError(f"The password needs at least {MIN_LENGTH} characters. Several random words work well.")
    if len(password) > MAX_LENGTH:
        raise AccountError(f"The password has more than {MAX_LENGTH} characters. Use a shorter one.")
    if len(set(folded)) < _MIN_DIFFERENT or _is_common(folded) or _is_pattern(folded):
        raise AccountError("This password is easy to guess. Use several random words or a password manager.")
    parts = [part for text in own for part in re.split(r"[\W_]+", text.casefold()) if len(part) >= 4]
    rest = folded
    for part in parts:
        rest = rest.replace(part, "")
    if rest != folded and len(rest) < MIN_LENGTH - 4:
        raise AccountError("The password is mostly your own name or address. Use another one.")


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    with _SLOTS:
        return _HASHER.hash(_normalize(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Return whether a password matches a stored hash.

    Without a hash, the password is compared with that of a random one, so that the time tells nobody which accounts
    exist.
    """
    unknown = _unknown_hash()
    with _SLOTS:
        try:
            # Too long a password is wrong, even if its beginning is right.
            expected = stored if len(password) <= MAX_LENGTH else None
            matches = _HASHER.verify(expected or unknown, _normalize(password[:MAX_LENGTH]))
        except (VerificationError, InvalidHashError):
            return False
    return matches and stored is not None


def needs_rehash(stored: str) -> bool:
    """Return whether a hash was made with other parameters than new ones are."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _unknown_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def _normalize(password: str) -> str:
    """Return the same text for a character that keyboards compose in different ways."""
    return unicodedata.normalize("NFKC", password)


def _is_common(folded: str) -> bool:
    """Return whether only common words, numbers, symbols and runs of neighbouring characters remain."""
    letters = re.sub(r"[^a-z]", "", folded.translate(str.maketrans("@013457$", "aoieasts")))
    digits_only = not re.search(r"[^\W\d_]", folded)
    if digits_only:
        steps = {ord(b) - ord(a) for a, b in itertools.pairwise(folded)}
        return len(steps) <= 3 or len(folded) < 16
    for word in _COMMON_WORDS:
        letters = letters.replace(word, "")
    return len(letters) <= 3 and folded.isascii()


def _is_pattern(folded: str) -> bool:
    """Return whether a password is a repetition, a walk over the keyboard, or one word with numbers or symbols."""
    length = len(folded)
    if any(folded == (folded[:period] * length)[:length] for period in range(1, length // 2 + 1)):
        return True
    pairs = [_are_neighbors(a, b) for a, b in itertools.pairwise(folded.translate(_SHIFTED))]
    if sum(pairs) > _MAX_NEIGHBORS * len(pairs):
        return True
    return re.fullmatch(r"[\W\d_]*[a-z]{1,11}[\W\d_]*", folded) is not None


def _are_neighbors(a: str, b: str) -> bool:
    """Return whether two keys are equal, touch each other, or follow in the alphabet."""
    if abs(ord(a) - ord(b)) <= 1:
        return True
    places = [(row, keys.index(key)) for key in (a, b) for row, keys in enumerate(_KEY_ROWS) if key in keys]
    return len(places) == 2 and all(abs(first - second) <= 1 for first, second in zip(*places, strict=True))
