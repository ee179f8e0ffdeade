"""Stored files: complete or absent, verified on reading, and encrypted where a key is set."""

import base64
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from braintumor.db.blob_encryption import OVERHEAD_BYTES, BlobCipher, parse_keys
from braintumor.db.blobs import BlobStore, open_blobs
from braintumor.errors import StorageError
from braintumor.settings import Settings

KEYS = [bytes([number]) * 32 for number in range(3)]
CONTENT = b"a scan" * 100
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def _only_file(folder: Path) -> Path:
    return next(folder.glob("??/*"))


@pytest.fixture(params=[[], KEYS[:1]], ids=["plain", "encrypted"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", BlobCipher(request.param))


def test_file_is_stored_once_and_read_back(store: BlobStore) -> None:
    assert store.put(CONTENT) == store.put(CONTENT) == SHA256
    assert store.get(SHA256) == CONTENT
    assert list(store.iter_hashes()) == [SHA256]
    assert store.list_incomplete() == []
    assert store.folder is not None
    assert _only_file(store.folder).stat().st_mode & 0o077 == 0


@given(content=st.binary(max_size=200))
@hypothesis_settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_survives(store: BlobStore, content: bytes) -> None:
    assert store.get(store.put(content)) == content


def test_plain_file_is_the_file_itself(tmp_path: Path) -> None:
    BlobStore(tmp_path).put(CONTENT)
    assert _only_file(tmp_path).read_bytes() == CONTENT


def test_deleted_file_is_gone_and_deleting_again_is_no_error(store: BlobStore) -> None:
    store.put(CONTENT)
    store.delete(SHA256)
    store.delete(SHA256)
    assert list(store.iter_hashes()) == []
    with pytest.raises(StorageError, match="is missing"):
        store.get(SHA256)


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b + b"x", lambda b: bytes([b[0] ^ 1]) + b[1:]])
def test_damaged_file_is_never_returned_and_repaired_by_storing_it_again(
    store: BlobStore, change: Callable[[bytes], bytes]
) -> None:
    store.put(CONTENT)
    assert store.folder is not None
    path = _only_file(store.folder)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(StorageError, match="is damaged"):
        store.get(SHA256)
    store.put(CONTENT)
    assert store.get(SHA256) == CONTENT


def test_interrupted_write_leaves_no_file_under_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = BlobStore(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StorageError, match="No space left on device"):
        store.put(CONTENT)
    assert (list(store.iter_hashes()), store.list_incomplete()) == ([], [])


def test_encrypted_file_shows_nothing_and_differs_each_time(tmp_path: Path) -> None:
    stored = []
    for name in "ab":
        BlobStore(tmp_path / name, BlobCipher(KEYS)).put(CONTENT)
        stored.append(_only_file(tmp_path / name).read_bytes())
    assert stored[0] != stored[1]
    assert all(b"a scan" not in s and len(s) == len(CONTENT) + OVERHEAD_BYTES for s in stored)


def test_older_keys_still_decrypt_and_the_first_encrypts(tmp_path: Path) -> None:
    BlobStore(tmp_path, BlobCipher(KEYS[:1])).put(CONTENT)
    rotated = BlobStore(tmp_path, BlobCipher([KEYS[1], KEYS[0]]))
    assert rotated.get(SHA256) == CONTENT
    assert not rotated.cipher.is_current(rotated.read_raw(SHA256), SHA256)
    rotated.write_raw(SHA256, rotated.cipher.encrypt(CONTENT, SHA256))
    assert BlobStore(tmp_path, BlobCipher([KEYS[1]])).get(SHA256) == CONTENT
    with pytest.raises(StorageError, match="lacks"):
        BlobStore(tmp_path, BlobCipher([KEYS[2]])).get(SHA256)


def test_files_stored_before_the_first_key_can_be_read(tmp_path: Path) -> None:
    BlobStore(tmp_path).put(CONTENT)
    assert BlobStore(tmp_path, BlobCipher(KEYS)).get(SHA256) == CONTENT


def test_encrypted_files_cannot_be_exchanged(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, BlobCipher(KEYS))
    other = store.put(b"another scan")
    store.put(CONTENT)
    store.write_raw(SHA256, store.read_raw(other))
    with pytest.raises(StorageError, match="is damaged"):
        store.get(SHA256)


def test_plain_file_that_looks_encrypted_is_read(tmp_path: Path) -> None:
    encrypted = BlobCipher(KEYS).encrypt(CONTENT, SHA256)
    store = BlobStore(tmp_path)
    assert store.get(store.put(encrypted)) == encrypted


def test_keys_of_the_settings_are_used(tmp_path: Path) -> None:
    text = f"{base64.b64encode(KEYS[0]).decode()}, {base64.urlsafe_b64encode(KEYS[2]).decode()}"
    assert parse_keys(text) == [KEYS[0], KEYS[2]]
    store = open_blobs(Settings(data=tmp_path, blob_key=text))
    store.put(CONTENT)
    assert _only_file(tmp_path / "blobs").read_bytes() != CONTENT
    assert text[:44] not in repr(Settings(blob_key=text))


@pytest.mark.parametrize("text", ["secret!", base64.b64encode(b"short").decode()])
def test_invalid_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(StorageError, match="Key 1 of BRAINTUMOR_BLOB_KEY") as refused:
        parse_keys(text)
    assert text not in str(refused.value)


def test_other_addresses_are_refused() -> None:
    with pytest.raises(StorageError, match="neither a folder nor s3"):
        BlobStore("ftp://host/folder")


def test_files_of_others_in_the_folder_are_skipped(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "notes.txt").write_text("mine")
    (tmp_path / ("0" * 64)).write_text("misplaced")
    assert list(store.iter_hashes()) == []
