"""Random tokens of sessions, links and programs. The database stores only their hashes."""

import hashlib
import secrets
from typing import Final

_BYTES: Final = 32


def new_token(prefix: str = "") -> str:
    """Return a new token with 256 random bits, safe in URLs and cookies."""
    return prefix + secrets.token_urlsafe(_BYTES)


def hash_token(token: str) -> str:
    """Return the SHA-256 hash of a token, which is looked up in an index.

    A fast hash without salt is enough, since 256 random bits cannot be guessed. The time of a look-up by hash tells
    nothing about the token.
    """
    return hashlib.sha256(token.encode()).hexdigest()
