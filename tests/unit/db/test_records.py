"""Saved readings: idempotent, complete or absent, and visible only to their owner."""

import pytest
from sqlalchemy import func, select

from braintumor.db.records import read_stored_scan, save_finding, save_readings
from braintumor.db.search import SearchQuery, list_readings, open_record, search
from braintumor.db.storage import Actor, Storage, local_actor
from braintumor.db.tables import AuditEntry, Blob, ReadingRow, ScanRow, UserRole
from braintumor.errors import RecordError, StorageError
from tests.helpers.storage.fixtures import settings_on_both
from tests.helpers.storage.readings import add_user, new_reading, save

__all__ = ["settings_on_both"]


def _count(storage: Storage, table: type) -> int:
    with storage.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_saved_reading_is_read_back_whole(storage: Storage, reader: Actor) -> None:
    new = new_reading(3, area_mm2=12.5, ood_score=0.2, series="1.2.3")
    saved = save_readings(storage, reader, [new])[0]
    record = open_record(storage, reader, saved.reading_id)
    copied = ("name", "sha256", "version", "verdict", "result", "tumor_probability", "probabilities", "read_at")
    for name in (*copied, "area_mm2", "ood_score", "series", "payload"):
        assert getattr(record, name) == getattr(new, name), name
    assert record.uncertainty == pytest.approx(0.2)
    scan = read_stored_scan(storage, reader, saved.scan_id)
    assert (scan.content, scan.name, scan.media_type) == (b"scan 3", "scan-3.png", "image/png")


def test_saving_again_changes_nothing(storage: Storage, reader: Actor) -> None:
    first = save(storage, reader, 1)[0]
    again = save(storage, reader, 1)[0]
    assert (first.is_new, again.is_new, again.reading_id) == (True, False, first.reading_id)
    assert [_count(storage, table) for table in (ScanRow, ReadingRow, Blob)] == [1, 1, 1]


def test_another_version_or_card_adds_a_reading_to_the_scan(storage: Storage, reader: Actor) -> None:
    first = save(storage, reader, 1)[0]
    save(storage, reader, 1, version="v5")
    save(storage, reader, 1, card_sha256="d" * 64)
    assert [r.version for r in list_readings(storage, reader, first.scan_id)].count("v5") == 1
    assert [_count(storage, table) for table in (ScanRow, ReadingRow, Blob)] == [1, 3, 1]


def test_slices_of_one_file_share_its_stored_copy(storage: Storage, reader: Actor) -> None:
    slices = [new_reading(0, name=f"volume.nii [axial {number}]") for number in range(3)]
    save_readings(storage, reader, slices)
    assert [_count(storage, table) for table in (ScanRow, ReadingRow, Blob)] == [3, 3, 1]


def test_result_can_be_saved_without_its_scan(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1, content=None)[0]
    with pytest.raises(RecordError, match="no longer stored"):
        read_stored_scan(storage, reader, saved.scan_id)
    save(storage, reader, 1)
    assert read_stored_scan(storage, reader, saved.scan_id).content == b"scan 1"


def test_failure_to_store_one_scan_saves_none(storage: Storage, reader: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    put = storage.blobs.put
    monkeypatch.setattr(storage.blobs, "put", lambda content: put(content) if content != b"scan 2" else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(storage, reader, 1, 2)
    assert [_count(storage, table) for table in (ScanRow, ReadingRow, Blob, AuditEntry)] == [0, 0, 0, 0]


def test_names_that_databases_refuse_are_cleaned(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1, name="a\0b\udcff.png")
    assert [r.name for r in search(storage, reader, SearchQuery()).records] == ["a b?.png"]


@pytest.mark.parametrize("role", UserRole)
def test_records_of_others_do_not_exist(storage: Storage, reader: Actor, role: UserRole) -> None:
    saved = save(storage, reader, 1)[0]
    other = add_user(storage, "other@example.org", role)
    for attempt in (
        lambda: open_record(storage, other, saved.reading_id),
        lambda: read_stored_scan(storage, other, saved.scan_id),
        lambda: list_readings(storage, other, saved.scan_id),
        lambda: save_finding(storage, other, saved.reading_id, "agree", ""),
    ):
        with pytest.raises(RecordError, match="no such record") as refused:
            attempt()
        assert "scan-1" not in str(refused.value)
    assert search(storage, other, SearchQuery()).records == []
    save(storage, other, 1)
    assert [_count(storage, table) for table in (ScanRow, Blob)] == [2, 1]


def test_finding_is_saved_replaced_and_deleted(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]

    def finding() -> tuple[str, str]:
        record = open_record(storage, reader, saved.reading_id)
        return record.opinion, record.comment

    save_finding(storage, reader, saved.reading_id, "agree", " clear case\0 ")
    assert finding() == ("agree", "clear case")
    save_finding(storage, reader, saved.reading_id, "meningioma", "")
    assert finding() == ("meningioma", "")
    save_finding(storage, reader, saved.reading_id, "", "")
    assert finding() == ("", "")


@pytest.mark.parametrize(("opinion", "comment"), [("sure", ""), ("agree", "x" * 10_001)])
def test_finding_that_is_not_allowed_is_refused(storage: Storage, reader: Actor, opinion: str, comment: str) -> None:
    saved = save(storage, reader, 1)[0]
    with pytest.raises(RecordError, match=r"Use agree|Shorten"):
        save_finding(storage, reader, saved.reading_id, opinion, comment)


def test_audit_log_names_what_was_done_but_no_scan(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1, name="Jane Doe.png")[0]
    open_record(storage, reader, saved.reading_id)
    read_stored_scan(storage, reader, saved.scan_id)
    save_finding(storage, reader, saved.reading_id, "glioma", "Jane's second visit")
    with storage.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number)).all()
        assert [e.action for e in entries] == ["reading.saved", "reading.seen", "scan.seen", "finding.saved"]
        assert {e.actor_id for e in entries} == {reader.id}
        text = " ".join(f"{e.what} {e.details}" for e in entries)
    assert "Jane" not in text
    assert "glioma" not in text


def test_damaged_scan_is_reported_and_not_shown(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1)[0]
    storage.blobs.write_raw(next(storage.blobs.iter_hashes()), b"another scan")
    with pytest.raises(StorageError, match="is damaged"):
        read_stored_scan(storage, reader, saved.scan_id)


def test_history_without_accounts_has_one_owner(storage: Storage) -> None:
    actor = local_actor(storage)
    assert local_actor(storage) == actor
    save(storage, actor, 1)
    assert len(search(storage, actor, SearchQuery()).records) == 1
