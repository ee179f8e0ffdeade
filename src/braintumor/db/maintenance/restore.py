"""Restore a backup into an empty place."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from braintumor.db.audit_key import KEY_FILE, write_key
from braintumor.db.blobs import BlobStore, open_blobs
from braintumor.db.engine import Database, database_url
from braintumor.db.maintenance.backup import BLOBS, DATABASE_FILES, FORMAT, MANIFEST
from braintumor.db.maintenance.postgresql import restore_postgresql
from braintumor.db.migrations import HEAD
from braintumor.db.upgrade import read_revision
from braintumor.errors import StorageError
from braintumor.fileio import sha256_file
from braintumor.settings import Settings


def restore(settings: Settings, source: Path) -> dict[str, Any]:
    """Copy a backup to where the settings point, and return its manifest. Check the result with `check`.

    After an interruption, run it again: the database comes last.

    Parameters
    ----------
    settings : Settings
    source : Path
        A folder or ZIP archive that `backup` wrote.

    Raises
    ------
    StorageError
        It is not a backup, is damaged, or comes from a newer program; or the data folder or database is not empty.
    """
    with tempfile.TemporaryDirectory(prefix="braintumor-restore-") as temporary:
        try:
            folder = source if source.is_dir() else _unpack(source, Path(temporary))
            manifest = _read_manifest(source, folder)
            _copy(settings, folder, manifest)
        except OSError as error:
            raise StorageError(f"Cannot restore {source}: {error.strerror or error}. Check the disk.") from error
    return manifest


def _unpack(source: Path, folder: Path) -> Path:
    try:
        shutil.unpack_archive(source, folder, "zip")
    except (BadZipFile, shutil.ReadError):
        raise StorageError(f"{source} is neither a folder nor a ZIP archive. Choose a backup.") from None
    return folder


def _read_manifest(source: Path, folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        file = folder / DATABASE_FILES[manifest["database"]]
        is_supported = manifest["format"] == FORMAT and manifest["revision"] <= HEAD
        is_intact = sha256_file(file) == manifest["database_sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        raise StorageError(
            f"{source} is not a backup of this program, or it is incomplete. Choose another backup."
        ) from None
    if not is_supported:
        raise StorageError(f"{source} was written by a newer program. Install that version to restore it.")
    if not is_intact:
        raise StorageError(f"{file.name} in {source} is damaged. Use another backup.")
    return dict(manifest)


def _copy(settings: Settings, folder: Path, manifest: dict[str, Any]) -> None:
    database, blobs, files = Database(database_url(settings)), open_blobs(settings), BlobStore(folder / BLOBS)
    kind = "sqlite" if database.is_sqlite else "postgresql"
    if kind != manifest["database"]:
        raise StorageError(
            f"The backup is of {manifest['database']}, BRAINTUMOR_DATABASE is {kind}. Change the setting."
        )
    hashes = set(files.iter_hashes())
    if read_revision(database) is not None or not set(blobs.iter_hashes()) <= hashes:
        raise StorageError(
            "There are records already. Restore into an empty data folder and database: set BRAINTUMOR_DATA, and "
            "BRAINTUMOR_DATABASE if it is set, to new ones."
        )
    if len(hashes) != manifest["blobs"]:
        raise StorageError(f"{manifest['blobs'] - len(hashes):,} files of the backup are missing. Use another backup.")
    for sha256 in sorted(hashes):
        stored = files.read_raw(sha256)
        blobs.decode(sha256, stored)
        blobs.write_raw(sha256, stored)
    _copy_key(settings, folder)
    database.close()
    if kind == "sqlite":
        _replace_sqlite(database.file, folder / DATABASE_FILES[kind])
    else:
        restore_postgresql(database, folder / DATABASE_FILES[kind])


def _copy_key(settings: Settings, folder: Path) -> None:
    source, target = folder / KEY_FILE, settings.data_dir / KEY_FILE
    if not source.is_file() or settings.audit_key is not None:
        return
    if target.is_file() and target.read_bytes() != source.read_bytes():
        raise StorageError(f"{target} is the key of another audit log. Restore into an empty data folder.")
    write_key(target, source.read_bytes())


def _replace_sqlite(target: Path, source: Path) -> None:
    """Put the copy in place of the empty file, whole or not at all."""
    temporary = target.with_name(f".{target.name}.part")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)
    shutil.copyfile(source, temporary)
    for suffix in ("-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    temporary.replace(target)
