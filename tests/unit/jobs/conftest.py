"""A storage, a small model and a worker that does one job when it is told to."""

from pathlib import Path

import pytest

from braintumor.db.storage import Storage
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker, WorkerIntervals
from braintumor.settings import Settings
from tests.helpers.api import model_outputs
from tests.helpers.storage.fixtures import empty_data, reader, servers, storage, storage_values

__all__ = ["empty_data", "model_outputs", "reader", "servers", "storage"]


@pytest.fixture
def settings(request: pytest.FixtureRequest, model_outputs: Path, tmp_path: Path) -> Settings:
    return Settings(**storage_values(request, tmp_path), outputs=model_outputs, version="v4")


@pytest.fixture(scope="session")
def detectors(model_outputs: Path) -> DetectorPool:
    return DetectorPool(Settings(outputs=model_outputs, version="v4"))


@pytest.fixture
def queue(storage: Storage) -> JobQueue:
    return JobQueue(storage)


@pytest.fixture
def worker(storage: Storage, detectors: DetectorPool, queue: JobQueue) -> Worker:
    return Worker(storage, detectors, queue, WorkerIntervals(heartbeat=0.01, stale=30, poll=0.01))
