"""Online backup into a folder or ZIP archive, while users go on working."""

import json
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, select

from braintumor.db.audit import read_head
from braintumor.db.audit_key import KEY_FILE
from braintumor.db.blob_rows import is_referenced, referenced_hashes
from braintumor.db.blobs import BlobStore
from braintumor.db.engine import Database
from braintumor.db.maintenance.postgresql import dump_postgresql
from braintumor.db.migrations import HEAD
from braintumor.db.storage import Storage
from braintumor.db.tables import Blob
from braintumor.db.tables.base import now
from braintumor.errors import StorageError
from braintumor.fileio import sha256_file

FORMAT: Final = 1
MANIFEST, BLOBS = "manifest.json", "blobs"
DATABASE_FILES: Final = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}
_ATTEMPTS: Final = 5


def backup(storage: Storage, target: Path) -> dict[str, Any]:
    """Write database, stored files and the key file of the audit log, and return the manifest.

    The database is copied as it was at one moment, and every file it refers to is verified and copied; encrypted files
    stay encrypted, and their keys are not part of the backup.

    Parameters
    ----------
    storage : Storage
    target : Path
        A new folder, or a new file that ends in `.zip`.

    Raises
    ------
    StorageError
        The target exists or cannot be written, or a stored file is missing or damaged.
    """
    if target.exists():
        raise StorageError(f"{target} exists already. Choose another name, so that no older backup is overwritten.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent))
        try:
            (folder / target.name).mkdir()
            manifest = _write(storage, folder / target.name)
            _finish(folder / target.name, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise StorageError(f"Cannot write {target}: {error.strerror or error}. Check the disk.") from error
    return manifest


def _write(storage: Storage, folder: Path) -> dict[str, Any]:
    kind = "sqlite" if storage.database.is_sqlite else "postgresql"
    file = folder / DATABASE_FILES[kind]
    files = BlobStore(folder / BLOBS)
    copied: set[str] = set()
    with storage.database.read() as session:
        head = read_head(session)
        _copy_files(storage, files, list(session.scalars(referenced_hashes())), copied)
    # Files are copied before the database is. What was saved meanwhile is copied afterwards; if that was removed again
    # in between, the database is copied once more.
    for _ in range(_ATTEMPTS):
        needed = _copy_sqlite(storage.database, file) if kind == "sqlite" else dump_postgresql(storage.database, file)
        if not _copy_files(storage, files, needed, copied):
            break
    else:
        raise StorageError("Scans are being deleted faster than they can be copied. Run the backup again later.")
    for sha256 in copied.difference(needed):
        files.delete(sha256)
    _copy_key(storage, folder)
    shutil.rmtree(folder / BLOBS / "incoming")
    manifest = {
        "format": FORMAT,
        "created_at": now().isoformat(),
        "database": kind,
        "database_sha256": sha256_file(file),
        "revision": HEAD,
        "blobs": len(needed),
        "audit_head": str(head),
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    return manifest


def _copy_files(storage: Storage, files: BlobStore, hashes: list[str], copied: set[str]) -> bool:
    """Copy files that are not copied yet; whether one was removed meanwhile, so that it cannot be."""
    incomplete = False
    for sha256 in hashes:
        if sha256 in copied:
            continue
        try:
            stored = storage.blobs.read_raw(sha256)
            storage.blobs.decode(sha256, stored)
        except StorageError:
            if _is_needed(storage.database, sha256):
                raise
            incomplete = True
            continue
        files.write_raw(sha256, stored)
        copied.add(sha256)
    return incomplete


def _is_needed(database: Database, sha256: str) -> bool:
    with database.read() as session:
        return bool(session.scalar(select(is_referenced()).where(Blob.sha256 == sha256)))


def _copy_sqlite(database: Database, target: Path) -> list[str]:
    """Copy the database with SQLite's backup function, and return the hashes of the files that the copy needs."""
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(database.file, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        target.chmod(0o600)
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    engine = create_engine(f"sqlite:///{target}")
    with engine.connect() as connection:
        needed = connection.scalars(referenced_hashes()).all()
    engine.dispose()
    return list(needed)


def _copy_key(storage: Storage, folder: Path) -> None:
    """Copy the key file of the audit log; a key from the environment is kept where the environment is."""
    if storage.settings.audit_key is None:
        shutil.copy2(storage.settings.data_dir / KEY_FILE, folder / KEY_FILE)


def _finish(folder: Path, target: Path) -> None:
    if target.suffix.lower() != ".zip":
        folder.chmod(0o700)
        folder.rename(target)
        return
    archive = Path(shutil.make_archive(str(folder.with_name("archive")), "zip", folder))
    archive.chmod(0o600)
    archive.rename(target)
