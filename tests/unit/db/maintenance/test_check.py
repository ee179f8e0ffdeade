"""`check` finds what is missing, damaged, left over or changed; `--repair` cleans up after interruptions."""

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from braintumor.db.blob_encryption import BlobCipher
from braintumor.db.blobs import BlobStore
from braintumor.db.deletion import delete_scans, purge
from braintumor.db.maintenance.check import check
from braintumor.db.records import read_stored_scan
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import AuditEntry
from braintumor.db.tables.base import now
from tests.helpers.storage.readings import save


def _blob_files(storage: Storage) -> list[Path]:
    return sorted((storage.settings.data_dir / "blobs").glob("??/*"))


def test_sound_storage_has_no_problems(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1, 2)
    report = check(storage)
    assert report.problems == []
    assert report.facts == ["2 readings of 2 scans.", "2 stored files read.", "Audit log: 2 entries verified."]
    assert str(report).endswith(f"Head of the audit log: {report.head}\nNo problems.")


def test_missing_and_damaged_files_are_reported_with_their_scans(storage: Storage, reader: Actor) -> None:
    saved = {reading.scan_id for reading in save(storage, reader, 1, 2, name="Jane Doe.png")}
    missing, damaged = _blob_files(storage)
    missing.unlink()
    damaged.write_bytes(b"x")
    for report in (check(storage), check(storage, repair=True)):
        assert sorted(problem.split(".")[0].split(" is ")[1] for problem in report.problems) == ["damaged", "missing"]
        assert all(any(str(scan_id) in problem for problem in report.problems) for scan_id in saved)
        assert "Jane" not in str(report)


def test_file_of_an_interrupted_upload_is_removed_by_repair(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    storage.blobs.put(b"never referenced")
    (storage.settings.data_dir / "blobs" / "incoming" / "half").write_bytes(b"half a scan")
    assert ["2 files from an interrupted upload" in problem for problem in check(storage).problems] == [True]
    report = check(storage, repair=True)
    assert (report.problems, report.repairs) == ([], ["2 files of interrupted uploads removed."])
    assert check(storage).problems == []
    assert read_stored_scan(storage, reader, saved.scan_id).content == b"scan 1"


@pytest.mark.parametrize("stage", ["marked", "file removed"])
def test_interrupted_removal_is_completed(
    storage: Storage, reader: Actor, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    delete_scans(storage, reader, [save(storage, reader, 1)[0].scan_id])
    with monkeypatch.context() as patch:
        patch.setattr("braintumor.db.deletion.remove_marked", lambda *_: 0)
        purge(storage, now() + timedelta(days=31))
    if stage == "file removed":
        _blob_files(storage)[0].unlink()
    assert ["interrupted removal" in problem for problem in check(storage).problems] == [True]
    assert check(storage, repair=True).problems == []
    assert (_blob_files(storage), check(storage).problems) == ([], [])


def test_changed_audit_log_is_reported_and_not_repaired(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1, 2)
    with storage.database.write() as session:
        session.execute(update(AuditEntry).where(AuditEntry.number == 1).values(action="scan.seen"))
    for repair in (False, True):
        problems = check(storage, repair=repair).problems
        assert problems == ["Audit log: Entry 1 was changed, or written with another key."]


def test_rows_without_the_row_they_need_are_reported(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1)
    connection = storage.database.engine.raw_connection()
    connection.cursor().execute("PRAGMA foreign_keys=OFF")
    connection.cursor().execute("DELETE FROM users")
    connection.invalidate()
    assert any("rows of readings, scans without the row they need" in p for p in check(storage).problems)


def test_damaged_database_file_is_reported(storage: Storage, reader: Actor) -> None:
    save(storage, reader, *range(40))
    with storage.database.write() as session:
        session.execute(text("PRAGMA writable_schema=ON"))
        session.execute(text("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'ix_readings_name'"))
    storage.close()
    assert any("database file is damaged" in problem for problem in check(storage).problems)


def test_repair_encrypts_files_with_the_first_key(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    old, new = b"1" * 32, b"2" * 32
    folder = storage.settings.data_dir / "blobs"
    for keys in ([old], [new, old]):
        changed = replace(storage, blobs=BlobStore(folder, BlobCipher(keys)))
        report = check(changed)
        assert report.problems == []
        assert any("not encrypted with the first key" in fact for fact in report.facts)
        assert check(changed, repair=True).repairs == ["1 file stored again with the first key of BRAINTUMOR_BLOB_KEY."]
    settings = storage.settings.model_dump() | {"blob_key": base64.b64encode(new).decode()}
    assert (
        read_stored_scan(open_storage(type(storage.settings)(**settings)), reader, saved.scan_id).content == b"scan 1"
    )
    assert b"scan 1" not in _blob_files(storage)[0].read_bytes()
