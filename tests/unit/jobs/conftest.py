"""A storage, a small model and a worker that does one job when it is told to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Pace, Worker
from braintumor.settings import Settings
from tests.helpers.api import model_outputs
from tests.helpers.storage.readings import add_user

__all__ = ["model_outputs"]


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("storage") / "data"
    open_storage(Settings(data=folder)).close()
    return folder


@pytest.fixture
def storage(empty_data: Path, model_outputs: Path, tmp_path: Path) -> Iterator[Storage]:
    data = Path(shutil.copytree(empty_data, tmp_path / "data"))
    storage = open_storage(Settings(data=data, outputs=model_outputs, version="v4"))
    yield storage
    storage.close()


@pytest.fixture
def reader(storage: Storage) -> Actor:
    return add_user(storage)


@pytest.fixture(scope="session")
def detectors(model_outputs: Path) -> DetectorPool:
    return DetectorPool(Settings(outputs=model_outputs, version="v4"))


@pytest.fixture
def queue(storage: Storage) -> JobQueue:
    return JobQueue(storage)


@pytest.fixture
def worker(storage: Storage, detectors: DetectorPool, queue: JobQueue) -> Worker:
    return Worker(storage, detectors, queue, Pace(heartbeat=0.01, stale=30, poll=0.01))
