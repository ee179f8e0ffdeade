"""What is to be deleted is gone from disk, whether the web server or a worker process does the daily work."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from braintumor.api import state
from braintumor.api.app import create_app
from braintumor.db.deletion import delete_scans
from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import ScanRow
from braintumor.db.tables.base import now
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker
from braintumor.settings import Settings
from tests.helpers.storage.readings import add_user, save


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", scan_days=7, restore_days=30)


def _save_old(settings: Settings) -> tuple[Storage, Actor]:
    """Save scans 1 and 2 long ago and 3 now, and delete scan 1."""
    storage = open_storage(settings)
    reader = add_user(storage)
    saved = save(storage, reader, 1, 2)
    delete_scans(storage, reader, [saved[0].scan_id])
    with storage.database.write() as session:
        session.execute(update(ScanRow).values(saved_at=now() - timedelta(days=8)))
        deleted = update(ScanRow).where(ScanRow.deleted_at.is_not(None))
        session.execute(deleted.values(deleted_at=now() - timedelta(days=31)))
    save(storage, reader, 3)
    return storage, reader


def _is_reduced(storage: Storage, reader: Actor) -> bool:
    """Wait until only scan 3 is on disk; whether the results of scan 2 are still there, and nothing of scan 1."""
    while len(list(storage.blobs.iter_hashes())) > 1:
        time.sleep(0.02)
    names = {record.name for record in search(storage, reader, SearchQuery()).records}
    return names == {"scan-2.png", "scan-3.png"} and not search(storage, reader, SearchQuery(deleted=True)).records


def test_web_server_removes_what_is_old(settings: Settings) -> None:
    kept = _save_old(settings)
    with TestClient(create_app(settings)):
        assert _is_reduced(*kept)


def test_web_server_removes_what_is_old_of_a_history_that_begins_later(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_WATCH_SECONDS", 0.02)
    prepared = settings.data_dir.with_name("prepared")
    storage, reader = _save_old(settings.model_copy(update={"data": prepared}))
    storage.close()
    with TestClient(create_app(settings)):
        assert not settings.data_dir.exists()
        prepared.rename(settings.data_dir)  # all at once: what is saved later is old only a day later
        assert _is_reduced(open_storage(settings), reader)


def test_worker_process_removes_what_is_old(settings: Settings) -> None:
    storage, reader = _save_old(settings)
    worker = Worker(storage, DetectorPool(settings), JobQueue(storage))
    worker.start()
    assert _is_reduced(storage, reader)
    worker.stop()
