"""Transactions on SQLite: times in UTC, foreign keys, one writer at a time, and errors without values."""

import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError, StatementError

from braintumor.db.engine import Database
from braintumor.db.tables import Meta, ScanRow, User, new_id
from braintumor.db.upgrade import open_database
from braintumor.errors import StorageError
from braintumor.settings import Settings


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(Settings(data=tmp_path))


def test_times_are_stored_in_utc(database: Database) -> None:
    local = datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    with database.write() as session:
        session.add(Meta(key="a", value="", changed_at=local))
    with database.read() as session:
        time = session.scalars(select(Meta.changed_at)).one()
    assert (time, time.tzinfo) == (datetime(2026, 2, 28, 23, 30, tzinfo=UTC), UTC)


def test_time_without_timezone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="needs a timezone"), database.write() as session:
        session.add(Meta(key="a", value="", changed_at=datetime(2026, 3, 1)))  # noqa: DTZ001


def test_scan_of_an_unknown_user_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError) as failure, database.write() as session:
        session.add(ScanRow(owner_id=uuid4(), sha256="0" * 64, name="Jane Doe.png"))
    assert "Jane Doe" not in str(failure.value)


def test_failed_transaction_changes_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(User(email="a@example.org"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.read() as session:
        assert session.scalars(select(User)).all() == []


def test_writers_wait_for_each_other_before_they_read(database: Database) -> None:
    with database.write() as session:
        session.add(Meta(key="count", value="0"))

    def count() -> None:
        for _ in range(20):
            with database.write() as session:
                row = session.get_one(Meta, "count")
                row.value = str(int(row.value) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(Meta, "count").value == "80"


def test_reader_sees_one_state_while_another_writes(database: Database) -> None:
    with database.read() as reader:
        assert reader.scalars(select(Meta)).all() == []
        with database.write() as session:
            session.add(Meta(key="a", value=""))
        assert reader.scalars(select(Meta)).all() == []


def test_database_is_durable_and_overwrites_what_is_deleted(database: Database) -> None:
    with database.read() as session:
        values = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "secure_delete")]
    assert values == ["wal", 2, 1]


def test_ids_sort_by_time_and_are_valid_version_7() -> None:
    ids = [new_id() for _ in range(50)]
    assert {i.version for i in ids} == {7}
    assert {i.variant for i in ids} == {"specified in RFC 4122"}
    assert [i.int >> 80 for i in ids] == sorted(i.int >> 80 for i in ids)
    assert len(set(ids)) == 50


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "nonsense"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(StorageError, match="BRAINTUMOR_DATABASE"):
        Database(url)


def test_password_is_in_no_message(tmp_path: Path) -> None:
    database = Database("postgresql://me:hunter2@127.0.0.1:1/none")
    with pytest.raises(StorageError, match="cannot be used") as failure, database.read() as session:
        session.execute(text("SELECT 1"))
    assert "hunter2" not in f"{failure.value} {database.url} {Settings(database='sqlite:///hunter2')!r}"


def test_old_prefix_of_postgresql_is_understood() -> None:
    assert Database("postgres://host/name").url.drivername == "postgresql+psycopg"
