"""The migrations create the tables of the models, once, also when processes start at the same time."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from braintumor.db.engine import Database
from braintumor.db.maintenance.check import check
from braintumor.db.migrations import HEAD
from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import open_storage
from braintumor.db.tables import Base
from braintumor.db.upgrade import migration_config, open_database, read_revision, upgrade_database
from braintumor.errors import StorageError
from braintumor.settings import Settings
from tests.helpers.storage.readings import add_user, save


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'new.sqlite'}")


def test_migrations_create_the_tables_of_the_models(database: Database) -> None:
    assert upgrade_database(database) is None
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_newest_revision_is_the_head_of_alembic(database: Database) -> None:
    with database.engine.connect() as connection:
        assert ScriptDirectory.from_config(migration_config(connection)).get_heads() == [HEAD]


def test_first_use_creates_the_database_and_the_second_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    database = open_database(settings)
    assert database.file == tmp_path / "data" / "braintumor.sqlite"
    assert read_revision(database) == HEAD
    assert upgrade_database(open_database(settings)) == HEAD
    assert database.file.stat().st_mode & 0o077 == 0
    assert database.file.parent.stat().st_mode & 0o077 == 0


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    before: list[str | None] = []
    threads = [threading.Thread(target=lambda: before.append(upgrade_database(Database(url)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(before, key=str) == [*[HEAD] * 3, None]


def test_interrupted_upgrade_leaves_no_tables(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def fail(self: Operations, *arguments: object, **options: object) -> None:
        raise RuntimeError("interrupted")

    monkeypatch.setattr(Operations, "create_index", fail)
    with pytest.raises(RuntimeError, match="interrupted"):
        upgrade_database(database)
    assert read_revision(database) is None


def test_records_of_an_older_revision_are_kept_as_slices(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    storage = open_storage(settings)
    reader = add_user(storage)
    save(storage, reader, 1)
    with storage.database.write() as session:  # as revision 0004 left it
        session.execute(text("DROP TABLE study_slices"))
        session.execute(text("ALTER TABLE readings DROP COLUMN level"))
        session.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    storage.close()
    upgraded = open_storage(settings)
    assert [record.level for record in search(upgraded, reader, SearchQuery()).records] == ["slice"]
    assert check(upgraded).problems == []


def test_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    with open_database(settings).write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="newer than this program"):
        open_database(settings)
