"""A backup taken while users work is complete, and restores into an empty place only."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from braintumor.db.audit import AuditHead
from braintumor.db.deletion import delete_scans, purge_scans
from braintumor.db.maintenance.backup import backup
from braintumor.db.maintenance.check import check
from braintumor.db.maintenance.restore import restore
from braintumor.db.records import read_stored_scan
from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.errors import StorageError
from braintumor.settings import Settings
from tests.helpers.storage.readings import save


def _restored(tmp_path: Path, source: Path) -> Storage:
    settings = Settings(data=tmp_path / "restored")
    restore(settings, source)
    return open_storage(settings)


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_restored_backup_holds_everything(storage: Storage, reader: Actor, tmp_path: Path, name: str) -> None:
    saved = save(storage, reader, 1, 2)
    manifest = backup(storage, tmp_path / name)
    assert manifest["blobs"] == 2
    save(storage, reader, 3)  # later than the backup
    restored = _restored(tmp_path, tmp_path / name)
    report = check(restored, AuditHead.parse(manifest["audit_head"]))
    assert report.problems == []
    assert [r.name for r in search(restored, reader, SearchQuery()).records] == ["scan-2.png", "scan-1.png"]
    assert read_stored_scan(restored, reader, saved[0].scan_id).content == b"scan 1"
    save(restored, reader, 4)
    assert check(restored).problems == []


def test_backup_is_private_and_leaves_nothing_else_behind(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    save(storage, reader, 1)
    for name in ("copy", "copy.zip"):
        backup(storage, tmp_path / "backups" / name)
    assert sorted(path.name for path in (tmp_path / "backups").iterdir()) == ["copy", "copy.zip"]
    files = [*(tmp_path / "backups").iterdir(), *(tmp_path / "backups" / "copy").glob("*.sqlite")]
    assert [path.stat().st_mode & 0o077 for path in files] == [0, 0, 0]


def test_backup_while_others_save_and_delete_is_complete(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    save(storage, reader, *range(100, 110))
    stop = threading.Event()

    def work() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            scan_id = save(storage, reader, number)[0].scan_id
            if number % 2:
                delete_scans(storage, reader, [scan_id])
                purge_scans(storage, reader, [scan_id])

    worker = threading.Thread(target=work)
    worker.start()
    try:
        for number in range(3):
            backup(storage, tmp_path / f"copy{number}")
    finally:
        stop.set()
        worker.join()
    for number in range(3):
        settings = Settings(data=tmp_path / f"restored{number}")
        restore(settings, tmp_path / f"copy{number}")
        report = check(open_storage(settings), repair=True)
        assert report.problems == []


def test_deleted_files_are_in_no_later_backup(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    saved = save(storage, reader, 1, 2)
    delete_scans(storage, reader, [saved[0].scan_id])
    purge_scans(storage, reader, [saved[0].scan_id])
    assert backup(storage, tmp_path / "copy")["blobs"] == 1
    assert len(list((tmp_path / "copy" / "blobs").glob("??/*"))) == 1


def test_backup_overwrites_nothing(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="exists already"):
        backup(storage, tmp_path)


def test_backup_with_a_missing_scan_fails_and_says_which(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    save(storage, reader, 1)
    next((storage.settings.data_dir / "blobs").glob("??/*")).unlink()
    with pytest.raises(StorageError, match="is missing"):
        backup(storage, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir() if "copy" in path.name] == []


def test_place_with_records_is_refused_and_unchanged(storage: Storage, reader: Actor, tmp_path: Path) -> None:
    save(storage, reader, 1)
    backup(storage, tmp_path / "copy")
    save(storage, reader, 2)
    with pytest.raises(StorageError, match="Restore into an empty data folder"):
        restore(storage.settings, tmp_path / "copy")
    assert len(search(storage, reader, SearchQuery()).records) == 2


def test_interrupted_restore_can_be_repeated(
    storage: Storage, reader: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(storage, reader, 1, 2)
    backup(storage, tmp_path / "copy")
    with monkeypatch.context() as patch:
        patch.setattr("braintumor.db.maintenance.restore._replace_sqlite", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            _restored(tmp_path, tmp_path / "copy")
    assert check(_restored(tmp_path, tmp_path / "copy")).problems == []


def _change(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | values))


@pytest.mark.parametrize(("damage", "message"), [
    (shutil.rmtree, "neither a folder nor a ZIP|Cannot restore"),
    (lambda folder: (folder / "manifest.json").unlink(), "not a backup of this program"),
    (lambda folder: (folder / "database.sqlite").write_bytes(b""), "is damaged"),
    (lambda folder: next((folder / "blobs").glob("??/*")).unlink(), "1 files of the backup are missing"),
    (lambda folder: next((folder / "blobs").glob("??/*")).write_bytes(b"x"), "is damaged"),
    (lambda folder: _change(folder, revision="9999"), "newer program"),
    (lambda folder: _change(folder, database="postgresql"), "not a backup of this program"),
])  # fmt: skip
def test_damaged_backup_is_refused(
    storage: Storage, reader: Actor, tmp_path: Path, damage: object, message: str
) -> None:
    save(storage, reader, 1)
    backup(storage, tmp_path / "copy")
    damage(tmp_path / "copy")
    with pytest.raises(StorageError, match=message):
        _restored(tmp_path, tmp_path / "copy")
    assert not (tmp_path / "restored" / "audit.key").exists()
