"""Deletion: restorable for some days, then gone from the database and from disk."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from braintumor.db.blob_rows import remove_marked
from braintumor.db.deletion import delete_scans, erase_user_data, purge, purge_scans, restore_scans
from braintumor.db.records import read_stored_scan, save_finding
from braintumor.db.search import SearchQuery, open_record, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Blob, Job, JobItem, ReaderFindingRow, ReadingRow, ScanRow, User, UserRole
from braintumor.db.tables.base import now
from braintumor.errors import RecordError
from tests.helpers.storage.readings import add_user, save


def _counts(storage: Storage) -> list[int]:
    with storage.database.read() as session:
        tables = (ScanRow, ReadingRow, ReaderFindingRow, Blob)
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def _is_on_disk(storage: Storage, text: bytes) -> bool:
    files = (path for path in storage.settings.data_dir.rglob("*") if path.is_file())
    return any(text in path.read_bytes() for path in files)


def _with(storage: Storage, **changes: int) -> Storage:
    return replace(storage, settings=storage.settings.model_copy(update=changes))


def test_deleted_scan_is_hidden_and_can_be_restored(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    delete_scans(storage, reader, [saved.scan_id])
    assert search(storage, reader, SearchQuery()).records == []
    assert [r.scan_id for r in search(storage, reader, SearchQuery(deleted=True)).records] == [saved.scan_id]
    for attempt in (
        lambda: open_record(storage, reader, saved.reading_id),
        lambda: read_stored_scan(storage, reader, saved.scan_id),
        lambda: save_finding(storage, reader, saved.reading_id, "agree", ""),
        lambda: delete_scans(storage, reader, [saved.scan_id]),
    ):
        with pytest.raises(RecordError, match="no such record"):
            attempt()
    restore_scans(storage, reader, [saved.scan_id])
    assert read_stored_scan(storage, reader, saved.scan_id).content == b"scan 1"


def test_after_its_days_a_deleted_scan_is_gone_from_disk(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1, name="unforgettable-name.png", content=b"unforgettable pixels")[0]
    save_finding(storage, reader, saved.reading_id, "agree", "unforgettable comment")
    delete_scans(storage, reader, [saved.scan_id])
    purge(storage, now() + timedelta(days=29))
    assert _counts(storage) == [1, 1, 1, 1]
    report = purge(storage, now() + timedelta(days=30, minutes=1))
    assert (report.records, report.files) == (1, 1)
    assert _counts(storage) == [0, 0, 0, 0]
    assert not _is_on_disk(storage, b"unforgettable")


def test_without_a_grace_period_deletion_is_final_at_once(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    delete_scans(_with(storage, restore_days=0), reader, [saved.scan_id])
    assert _counts(storage) == [0, 0, 0, 0]
    assert list(storage.blobs.iter_hashes()) == []


def test_user_can_empty_the_deleted_records_early(storage: Storage, reader: Actor) -> None:
    first, second = save(storage, reader, 1, 2)
    delete_scans(storage, reader, [first.scan_id])
    with pytest.raises(RecordError, match="no such record"):
        purge_scans(storage, reader, [first.scan_id, second.scan_id])
    assert purge_scans(storage, reader, [first.scan_id]).files == 1
    assert _counts(storage)[0] == 1


def test_file_stays_while_another_user_needs_it(storage: Storage, reader: Actor) -> None:
    other = add_user(storage, "b@example.org")
    mine, theirs = save(storage, reader, 1)[0], save(storage, other, 1)[0]
    delete_scans(storage, reader, [mine.scan_id])
    assert purge(storage, now() + timedelta(days=31)).files == 0
    assert read_stored_scan(storage, other, theirs.scan_id).content == b"scan 1"


def test_file_of_a_waiting_job_stays(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    with storage.database.write() as session:
        sha256 = session.get_one(ScanRow, saved.scan_id).blob_sha256
        job = Job(owner_id=reader.id, kind="upload")
        session.add(job)
        session.flush()
        session.add(JobItem(job_id=job.id, position=0, blob_sha256=sha256))
    delete_scans(storage, reader, [saved.scan_id])
    assert purge(storage, now() + timedelta(days=31)).files == 0


def test_scans_expire_and_their_results_are_kept(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    expiring = _with(storage, scan_days=10)
    assert purge(expiring, now() + timedelta(days=9)).scans == 0
    report = purge(expiring, now() + timedelta(days=11))
    assert (report.records, report.scans, report.files) == (0, 1, 1)
    assert open_record(storage, reader, saved.reading_id).has_scan is False
    assert list(storage.blobs.iter_hashes()) == []


def test_scan_saved_again_after_its_deletion_is_a_new_record(storage: Storage, reader: Actor) -> None:
    first = save(storage, reader, 1)[0]
    delete_scans(storage, reader, [first.scan_id])
    second = save(storage, reader, 1)[0]
    assert second.scan_id != first.scan_id
    with pytest.raises(RecordError, match="in your history again"):
        restore_scans(storage, reader, [first.scan_id])
    purge(storage, now() + timedelta(days=31))
    assert read_stored_scan(storage, reader, second.scan_id).content == b"scan 1"


@pytest.mark.parametrize("role", UserRole)
def test_scans_of_others_are_neither_deleted_nor_restored(storage: Storage, reader: Actor, role: UserRole) -> None:
    other = add_user(storage, "b@example.org", role)
    own, theirs = save(storage, other, 5)[0], save(storage, reader, 1)[0]
    with pytest.raises(RecordError, match="no such record"):
        delete_scans(storage, other, [own.scan_id, theirs.scan_id])
    assert len(search(storage, other, SearchQuery()).records) == 1
    delete_scans(storage, reader, [theirs.scan_id])
    for function in (restore_scans, purge_scans):
        with pytest.raises(RecordError, match="no such record"):
            function(storage, other, [theirs.scan_id])


def test_user_and_all_their_records_can_be_erased(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1, 2, 3)
    save_finding(storage, reader, saved[0].reading_id, "agree", "")
    delete_scans(storage, reader, [saved[1].scan_id])
    other = add_user(storage, "b@example.org")
    save(storage, other, 9)
    with pytest.raises(RecordError, match="Only administrators"):
        erase_user_data(storage, other, reader.id)
    administrator = add_user(storage, "c@example.org", UserRole.ADMINISTRATOR)
    assert erase_user_data(storage, administrator, reader.id).files == 3
    assert _counts(storage) == [1, 1, 0, 1]
    with storage.database.write() as session:
        session.delete(session.get_one(User, reader.id))


def test_file_saved_again_after_an_interrupted_removal_stays(
    storage: Storage, reader: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = save(storage, reader, 1, 2)
    delete_scans(storage, reader, [saved.scan_id for saved in first])
    monkeypatch.setattr("braintumor.db.deletion.remove_marked", lambda *_: 0)
    purge(storage, now() + timedelta(days=31))
    again = save(storage, reader, 1)[0]
    assert remove_marked(storage.database, storage.blobs) == 1
    assert read_stored_scan(storage, reader, again.scan_id).content == b"scan 1"
    assert len(list(storage.blobs.iter_hashes())) == 1
