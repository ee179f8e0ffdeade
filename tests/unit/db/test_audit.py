"""The audit log: any changed, removed or reordered entry is found; a cut tail by a head noted earlier."""

import json
import threading
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from braintumor.db.audit import AuditHead, AuditLog, export_csv, export_json_lines, read_head
from braintumor.db.storage import Storage, open_storage
from braintumor.db.tables import AuditEntry
from braintumor.errors import StorageError
from braintumor.settings import Settings

ACTOR = UUID(int=7)
COLUMNS = {
    "at": "2026-01-01 00:00:00.000000", "actor_id": uuid4().hex, "action": "scan.restored", "what": "scan:1",
    "details": '{"count":99}', "previous_seal": "1" * 64, "seal": "2" * 64,
}  # fmt: skip


def _append(storage: Storage, count: int = 1) -> AuditHead:
    head = AuditHead(0, "")
    for index in range(count):
        with storage.database.write() as session:
            head = storage.audit.append(session, ACTOR, "scan.deleted", f"scan:{uuid4()}", count=index)
    return head


def _problems(storage: Storage, *heads: AuditHead) -> list[str]:
    with storage.database.read() as session:
        return storage.audit.verify(session, *heads).problems


def test_untouched_log_is_verified(storage: Storage) -> None:
    assert _problems(storage) == []
    heads = [_append(storage) for _ in range(5)]
    assert _problems(storage, *heads) == []
    with storage.database.read() as session:
        assert read_head(session) == heads[-1]


@given(st.data())
def test_any_change_is_found(module_log: Storage, data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 6))
    kind = data.draw(st.sampled_from(["remove", "swap", "renumber", *COLUMNS]))
    with module_log.database.engine.connect() as connection, connection.begin() as transaction:
        one = update(AuditEntry).where(AuditEntry.number == number)
        if kind == "remove":
            connection.execute(delete(AuditEntry).where(AuditEntry.number == min(number, 5)))
        elif kind == "swap":
            other = data.draw(st.integers(1, 6).filter(lambda n: n != number))
            for source, target in ((number, 100), (other, number), (100, other)):
                connection.execute(update(AuditEntry).where(AuditEntry.number == source).values(number=target))
        elif kind == "renumber":
            connection.execute(one.values(number=7))
        else:
            connection.execute(text(f"UPDATE audit SET {kind} = :v WHERE number = {number}"), {"v": COLUMNS[kind]})
        check = module_log.audit.verify(Session(connection))
        transaction.rollback()
    assert check.problems


@pytest.fixture(scope="module")
def module_log(tmp_path_factory: pytest.TempPathFactory) -> Storage:
    storage = open_storage(Settings(data=tmp_path_factory.mktemp("audit")))
    _append(storage, 6)
    return storage


def test_cut_tail_is_found_against_a_noted_head(storage: Storage) -> None:
    early = _append(storage, 3)
    late = _append(storage, 2)
    with storage.database.write() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number > 3))
    assert _problems(storage, early) == []
    assert _problems(storage, early, late) == [
        "Entry 5, whose seal was noted, is missing: the end of the log was cut off."
    ]
    _append(storage, 2)  # somebody with the key fills the gap
    assert any("was rewritten" in problem for problem in _problems(storage, late))


def test_log_written_with_another_key_is_found(storage: Storage) -> None:
    _append(storage)
    with storage.database.write() as session:
        AuditLog(b"k" * 32).append(session, ACTOR, "scan.deleted", "scan:1")
    assert _problems(storage) == ["Entry 2 was changed, or written with another key."]


def test_entry_is_written_with_what_it_records_or_not_at_all(storage: Storage) -> None:
    def fail() -> None:
        with storage.database.write() as session:
            storage.audit.append(session, ACTOR, "scan.deleted", "scan:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with storage.database.read() as session:
        assert read_head(session).number == 0


def test_threads_write_one_unbroken_chain(storage: Storage) -> None:
    threads = [threading.Thread(target=_append, args=(storage, 10)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with storage.database.read() as session:
        assert read_head(session).number == 40
    assert _problems(storage) == []


@pytest.mark.parametrize("name", ["Jane Doe", "../scan.png", "=1+1", "", "x" * 151, "name\n"])
def test_free_text_is_refused(storage: Storage, name: str) -> None:
    with pytest.raises(ValueError, match="no free text"), storage.database.write() as session:
        storage.audit.append(session, ACTOR, "scan.deleted", "scan:1", name=name)


def test_export_as_json_lines_ends_with_the_head(storage: Storage) -> None:
    head = _append(storage, 3)
    with storage.database.read() as session:
        lines = [json.loads(line) for line in export_json_lines(session)]
    assert [line["number"] for line in lines[:-1]] == [1, 2, 3]
    assert lines[-1] == {"head": str(head)}
    assert AuditHead.parse(lines[-1]["head"]) == head


def test_export_as_csv_has_one_line_for_each_entry(storage: Storage) -> None:
    head = _append(storage, 2)
    with storage.database.read() as session:
        lines = list(export_csv(session))
    assert lines[0] == "number,at,actor_id,action,what,details,previous_seal,seal\n"
    assert len(lines) == 3
    assert lines[-1].strip().endswith(head.seal)


@pytest.mark.parametrize("line", ["", "3", "3:abc", "x:" + "0" * 64])
def test_text_that_is_no_head_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a head"):
        AuditHead.parse(line)


def test_key_file_is_private_and_used_again(settings: Settings, storage: Storage) -> None:
    path = settings.data_dir / "audit.key"
    assert path.stat().st_mode & 0o777 == 0o600
    _append(storage)
    again = open_storage(settings)
    _append(again)
    assert _problems(storage) == []
    with storage.database.read() as session:
        stored = session.execute(select(AuditEntry.seal)).scalars().all()
    assert path.read_text() not in str(stored)


def test_log_is_not_continued_with_a_new_key(settings: Settings, storage: Storage) -> None:
    (settings.data_dir / "audit.key").unlink()
    with pytest.raises(StorageError, match="key of the audit log is missing"):
        open_storage(settings)
    other = settings.model_copy(update={"audit_key": Settings(audit_key="k" * 40).audit_key})
    with pytest.raises(StorageError, match="not the one") as refused:
        open_storage(other)
    assert "k" * 40 not in str(refused.value)


def test_short_key_is_refused(settings: Settings) -> None:
    with pytest.raises(StorageError, match="too short"):
        open_storage(settings.model_copy(update={"audit_key": Settings(audit_key="short").audit_key}))
