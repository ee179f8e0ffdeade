"""Encryption of stored files with a key of the application: AES-256-GCM."""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from braintumor.errors import StorageError

# An encrypted file: these bytes, 8 bytes that identify the key, a nonce, the ciphertext and its tag.
_MAGIC: Final = b"BTDENC1\n"
_KEY_ID_BYTES, _NONCE_BYTES = 8, 12
_HEADER_BYTES: Final = len(_MAGIC) + _KEY_ID_BYTES + _NONCE_BYTES
OVERHEAD_BYTES: Final = _HEADER_BYTES + 16


class BlobCipher:
    """Encrypts with the first key and decrypts with all.

    To change the key, put the new one first and keep the old one until `braintumor db check --repair` has encrypted all
    files with the new one. Without keys, files are stored as they are.

    Parameters
    ----------
    keys : sequence of bytes
        32 bytes each.
    """

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        self._keys = {_key_id(key): AESGCM(key) for key in keys}
        self._first = _key_id(keys[0]) if keys else None

    def encrypt(self, content: bytes, sha256: str) -> bytes:
        """Return the bytes to store. The hash is authenticated too, so that encrypted files cannot be exchanged."""
        if self._first is None:
            return content
        nonce = os.urandom(_NONCE_BYTES)
        ciphertext = self._keys[self._first].encrypt(nonce, content, sha256.encode())
        return b"".join((_MAGIC, self._first, nonce, ciphertext))

    def decrypt(self, stored: bytes, sha256: str) -> bytes:
        """Return the content of stored bytes.

        Raises
        ------
        StorageError
            The key is missing, or the bytes were changed.
        """
        if not is_encrypted(stored, sha256):
            return stored
        cipher = self._keys.get(_stored_key_id(stored))
        if cipher is None:
            raise StorageError(
                f"The stored file {sha256[:12]} is encrypted with a key that BRAINTUMOR_BLOB_KEY lacks. Add that key."
            )
        nonce = stored[_HEADER_BYTES - _NONCE_BYTES : _HEADER_BYTES]
        try:
            return cipher.decrypt(nonce, stored[_HEADER_BYTES:], sha256.encode())
        except InvalidTag:
            raise StorageError(f"The stored file {sha256[:12]} is damaged. Restore it from a backup.") from None

    def is_current(self, stored: bytes, sha256: str) -> bool:
        """Whether new files would be stored with the same key, or also without one."""
        key_id = _stored_key_id(stored) if is_encrypted(stored, sha256) else None
        return key_id == self._first


def is_encrypted(stored: bytes, sha256: str) -> bool:
    """Whether stored bytes are encrypted. A plain file that happens to start alike is recognized by its hash."""
    return stored.startswith(_MAGIC) and hashlib.sha256(stored).hexdigest() != sha256


def parse_keys(text: str) -> list[bytes]:
    """Parse keys in Base64, separated by commas.

    Raises
    ------
    StorageError
        One of them is not 32 bytes in Base64. The message does not contain it.
    """
    keys = []
    for number, word in enumerate(filter(None, map(str.strip, text.split(","))), 1):
        try:
            key = base64.b64decode(word.translate(str.maketrans("-_", "+/")), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != 32:
            raise StorageError(
                f"Key {number} of BRAINTUMOR_BLOB_KEY is not 32 bytes in Base64. Make one with: openssl rand -base64 32"
            )
        keys.append(key)
    return keys


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"braintumor blob key" + key).digest()[:_KEY_ID_BYTES]


def _stored_key_id(stored: bytes) -> bytes:
    return stored[len(_MAGIC) : len(_MAGIC) + _KEY_ID_BYTES]
