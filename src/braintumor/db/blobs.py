"""Stored files, named after the SHA-256 hash of their content: in a folder or in an S3 bucket."""

import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from braintumor.db.blob_encryption import BlobCipher, parse_keys
from braintumor.errors import StorageError
from braintumor.settings import Settings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_INCOMING: Final = "incoming"


class BlobStore:
    """Puts, reads and deletes files. Which of them are needed is in the table `blobs`, see `blob_rows`.

    Parameters
    ----------
    address : str or Path
        A folder, or `s3://bucket/prefix` with the usual variables `AWS_...`.
    cipher : BlobCipher, optional
        Encrypts what is stored.

    Raises
    ------
    StorageError
        The folder cannot be created, or the address is not one of these.
    """

    def __init__(self, address: str | Path, cipher: BlobCipher | None = None) -> None:
        self.cipher = cipher or BlobCipher()
        is_remote = isinstance(address, str) and "://" in address
        self.folder = None if is_remote else Path(address)
        with _translate_errors("The store of scans cannot be opened"):
            self._store = _open_s3(str(address)) if is_remote else _open_folder(Path(address))

    def put(self, content: bytes) -> str:
        """Store a file and return its hash. When this returns, the file is complete and safe from a power failure.

        Raises
        ------
        StorageError
            It cannot be written.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if not self._is_intact(sha256):
            self.write_raw(sha256, self.cipher.encrypt(content, sha256))
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the content of a file, decrypted and verified.

        Raises
        ------
        StorageError
            It is missing, damaged, or encrypted with an unknown key.
        """
        return self.decode(sha256, self.read_raw(sha256))

    def decode(self, sha256: str, stored: bytes) -> bytes:
        """Decrypt and verify the bytes of a file as they are stored."""
        content = self.cipher.decrypt(stored, sha256)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageError(f"The stored file {sha256[:12]} is damaged. Restore it from a backup.")
        return content

    def read_raw(self, sha256: str) -> bytes:
        """Return the bytes of a file as they are stored, which may be encrypted."""
        with _translate_errors(f"The stored file {sha256[:12]} cannot be read", sha256):
            return bytes(self._get(_path(sha256)))

    def write_raw(self, sha256: str, stored: bytes) -> None:
        """Store bytes as they are, under the hash of their decrypted content."""
        with _translate_errors(f"The file {sha256[:12]} cannot be stored"):
            if self.folder is not None:
                _write_durably(self.folder, _path(sha256), stored)
            else:
                import obstore

                obstore.put(self._store, _path(sha256), stored)

    def delete(self, sha256: str) -> None:
        """Delete a file; one that is missing already is no error."""
        import obstore

        with _translate_errors(f"The stored file {sha256[:12]} cannot be deleted"):
            try:
                obstore.delete(self._store, _path(sha256))
            except FileNotFoundError:
                return

    def iter_hashes(self) -> Iterator[str]:
        """Yield the hashes of all stored files; other files in the same place are skipped."""
        import obstore

        with _translate_errors("The stored files cannot be listed"):
            for batch in obstore.list(self._store):
                for entry in batch:
                    sha256 = entry["path"].rpartition("/")[2]
                    if entry["path"] == _path(sha256) and _SHA256.fullmatch(sha256):
                        yield sha256

    def list_incomplete(self) -> list[Path]:
        """Return the files of interrupted writes in the folder; a bucket has none."""
        return sorted((self.folder / _INCOMING).iterdir()) if self.folder is not None else []

    def _is_intact(self, sha256: str) -> bool:
        try:
            self.get(sha256)
        except StorageError:
            return False
        return True

    def _get(self, path: str) -> bytes:
        import obstore

        return bytes(obstore.get(self._store, path).bytes())


def open_blobs(settings: Settings) -> BlobStore:
    """Open the store of the settings; by default, a folder in the data folder."""
    keys = parse_keys(settings.blob_key.get_secret_value()) if settings.blob_key else []
    return BlobStore(settings.blobs or settings.data_dir / "blobs", BlobCipher(keys))


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _open_folder(folder: Path) -> "ObjectStore":
    from obstore.store import LocalStore

    (folder / _INCOMING).mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return LocalStore(folder)


def _open_s3(address: str) -> "ObjectStore":
    from obstore.store import S3Store

    if not address.startswith("s3://"):
        raise StorageError("BRAINTUMOR_BLOBS is neither a folder nor s3://BUCKET/PREFIX. Correct the address.")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
    return S3Store.from_url(address, client_options={"allow_http": endpoint.startswith("http://")})


def _write_durably(folder: Path, path: str, content: bytes) -> None:
    """Write to a temporary name, sync, rename, and sync the folders, whose entries are then on disk too."""
    temporary, target = folder / _INCOMING / uuid.uuid4().hex, folder / path
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    for changed in (target.parent, folder):
        _sync_folder(changed)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows opens no folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translate_errors(problem: str, sha256: str = "") -> Iterator[None]:
    """Turn errors of the store into sentences. Its own messages run over many lines and show requests."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError as error:
        if sha256:
            raise StorageError(f"The stored file {sha256[:12]} is missing. Run: braintumor db check") from None
        raise StorageError(f"{problem}: folder or bucket is missing. Check BRAINTUMOR_BLOBS.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"{problem}: {reason}. Check the disk and its permissions.") from None
    except BaseError as error:
        reason = str(error).splitlines()[0]
        raise StorageError(f"{problem}: {reason}. Check BRAINTUMOR_BLOBS and the variables AWS_...") from None
