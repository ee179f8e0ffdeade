"""A storage of its own for each test, copied from one whose tables were created once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.settings import Settings
from tests.helpers.storage.readings import add_user


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("storage") / "data"
    open_storage(Settings(data=folder)).close()
    return folder


@pytest.fixture
def settings(empty_data: Path, tmp_path: Path) -> Settings:
    return Settings(data=Path(shutil.copytree(empty_data, tmp_path / "data")))


@pytest.fixture
def storage(settings: Settings) -> Iterator[Storage]:
    storage = open_storage(settings)
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)
