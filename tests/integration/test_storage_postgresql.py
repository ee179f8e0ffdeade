"""The same storage on PostgreSQL and S3 (moto): save, search, delete, kill -9, back up, restore."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from braintumor.db.audit import AuditHead
from braintumor.db.blobs import BlobStore
from braintumor.db.deletion import delete_scans, erase_user_data, purge, restore_scans
from braintumor.db.engine import Database, database_url
from braintumor.db.maintenance.backup import backup
from braintumor.db.maintenance.check import check
from braintumor.db.maintenance.restore import restore
from braintumor.db.records import read_stored_scan, save_finding
from braintumor.db.search import SearchQuery, Sort, export_records, open_record, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import Base
from braintumor.db.tables.base import now
from braintumor.db.upgrade import upgrade_database
from braintumor.errors import StorageError
from braintumor.settings import Settings
from tests.helpers.storage.postgresql import run_postgresql
from tests.helpers.storage.readings import add_user, save
from tests.helpers.storage.s3 import run_s3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with run_postgresql() as url:
        yield url


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """Address of an empty bucket on a server of its own."""
    with run_s3("scans") as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield "s3://scans"


@pytest.fixture
def settings(server: str, bucket: str, tmp_path: Path) -> Settings:
    name = f"test_{abs(hash(tmp_path))}"
    database = Database(server)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    database.close()
    return Settings(data=tmp_path / "data", database=server.replace("/postgres", f"/{name}"), blobs=f"{bucket}/{name}")


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    upgrade_database(Database(database_url(settings)))
    storage = open_storage(settings)
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)


def test_tables_must_be_created_by_the_upgrade_command(settings: Settings) -> None:
    with pytest.raises(StorageError, match="Run: braintumor db upgrade"):
        open_storage(settings)


def test_migrations_create_the_tables_of_the_models(storage: Storage) -> None:
    with storage.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_records_live_and_die(storage: Storage, reader: Actor) -> None:
    saved = save(storage, reader, 1, 2, 3, name="a\0b.png")
    assert [reading.is_new for reading in save(storage, reader, 1, 2, 3, name="a\0b.png")] == [False] * 3
    save_finding(storage, reader, saved[0].reading_id, "glioma", "text")
    assert open_record(storage, reader, saved[0].reading_id).comment == "text"
    assert [r.reading_id for r in search(storage, reader, SearchQuery(opinion="glioma", name="A B")).records] == [
        saved[0].reading_id
    ]
    for sort in Sort:
        first = search(storage, reader, SearchQuery(sort=sort, rows=2))
        second = search(storage, reader, SearchQuery(sort=sort, rows=2, after=first.next))
        assert len({r.reading_id for r in first.records + second.records}) == 3
    ids = [reading.scan_id for reading in saved[:2]]
    delete_scans(storage, reader, ids)
    restore_scans(storage, reader, ids[1:])
    assert purge(storage, now() + timedelta(days=31)).files == 1
    assert read_stored_scan(storage, reader, ids[1]).content == b"scan 2"
    assert check(storage).problems == []
    assert erase_user_data(storage, reader, reader.id).files == 2
    assert list(storage.blobs.iter_hashes()) == []


def test_writers_at_the_same_time_lose_nothing(storage: Storage, reader: Actor) -> None:
    def work(start: int) -> None:
        for number in range(start, start + 20):
            save(storage, reader, number, number + 1, number + 2)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 5, 10, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(export_records(storage, reader, SearchQuery()))) == 37
    assert check(storage).problems == []


def test_saving_and_removing_the_same_file_never_loses_it(storage: Storage, reader: Actor) -> None:
    other = add_user(storage, "other@example.org")
    failures: list[str] = []

    def save_and_purge(actor: Actor) -> None:
        for _ in range(15):
            scan_id = save(storage, actor, 1)[0].scan_id
            if read_stored_scan(storage, actor, scan_id).content != b"scan 1":
                failures.append("content")
            delete_scans(storage, actor, [scan_id])
            purge(storage, now() + timedelta(days=31))

    threads = [threading.Thread(target=save_and_purge, args=(actor,)) for actor in (reader, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert check(storage, repair=True).problems == []
    assert list(storage.blobs.iter_hashes()) == []


def test_orphans_in_the_bucket_are_repaired(storage: Storage, reader: Actor) -> None:
    save(storage, reader, 1)
    storage.blobs.put(b"never referenced")
    assert len(check(storage).problems) == 1
    assert check(storage, repair=True).problems == []
    assert len(list(storage.blobs.iter_hashes())) == 1


def test_backup_restores_into_another_database_and_folder(
    storage: Storage, reader: Actor, server: str, tmp_path: Path
) -> None:
    saved = save(storage, reader, 1, 2)
    manifest = backup(storage, tmp_path / "copy.zip")
    with pytest.raises(StorageError, match="empty data folder"):
        restore(storage.settings, tmp_path / "copy.zip")
    with Database(server).engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE restored"))
    settings = Settings(data=tmp_path / "new", database=server.replace("/postgres", "/restored"))
    restore(settings, tmp_path / "copy.zip")
    restored = open_storage(settings)
    assert check(restored, AuditHead.parse(manifest["audit_head"])).problems == []
    assert read_stored_scan(restored, reader, saved[0].scan_id).content == b"scan 1"


def test_unreachable_bucket_is_said_in_a_sentence(bucket: str) -> None:
    with pytest.raises(StorageError, match=r"cannot be stored.*Check BRAINTUMOR_BLOBS"):
        BlobStore(f"{bucket}-absent").put(b"x")
