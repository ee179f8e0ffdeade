"""Fixtures: a storage of its own for each test, in SQLite and a folder or in PostgreSQL and S3 (moto)."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import text

from braintumor.db.engine import Database
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import new_id
from braintumor.db.upgrade import upgrade_database
from braintumor.settings import Settings
from tests.helpers.storage.postgresql import run_postgresql
from tests.helpers.storage.readings import add_user
from tests.helpers.storage.s3 import run_s3

SQLITE: Final = "sqlite"
# Parameters of a fixture; the second one takes seconds to start.
BOTH: Final = (SQLITE, pytest.param("postgresql", marks=pytest.mark.slow))
_BUCKET, _EMPTY = "scans", "empty"


@dataclass(frozen=True, slots=True)
class Servers:
    """PostgreSQL with an empty database to copy, and S3 with a bucket; `variables` are needed to reach the bucket."""

    url: str
    variables: dict[str, str]

    def add_database(self) -> dict[str, str]:
        """Create a database with empty tables; return the settings for it and for a place in the bucket."""
        name = f"test_{new_id().hex}"
        _execute(self.url, f"CREATE DATABASE {name} TEMPLATE {_EMPTY}")
        return {"database": self.url.replace("/postgres", f"/{name}"), "blobs": f"s3://{_BUCKET}/{name}"}


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with run_postgresql() as url, run_s3(_BUCKET) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        _execute(url, f"CREATE DATABASE {_EMPTY}")
        database = Database(url.replace("/postgres", f"/{_EMPTY}"))
        upgrade_database(database)
        database.close()
        yield Servers(url, variables)


def _execute(url: str, statement: str) -> None:
    database = Database(url)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    database.close()


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose tables were created once, to copy."""
    folder = tmp_path_factory.mktemp("storage") / "data"
    open_storage(Settings(data=folder)).close()
    return folder


def storage_values(request: pytest.FixtureRequest, folder: Path) -> dict[str, Any]:
    """Return the settings of an empty storage of the kind that the fixture's parameter names."""
    if getattr(request, "param", SQLITE) == SQLITE:
        return {"data": Path(shutil.copytree(request.getfixturevalue("empty_data"), folder / "data"))}
    servers: Servers = request.getfixturevalue("servers")
    return {"data": folder / "data", **servers.add_database()}


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return Settings(**storage_values(request, tmp_path))


@pytest.fixture(params=BOTH, name="settings")
def settings_on_both(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """For the tests of a module that imports it, which then run on both kinds of storage."""
    return Settings(**storage_values(request, tmp_path))


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    storage = open_storage(settings)
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)
