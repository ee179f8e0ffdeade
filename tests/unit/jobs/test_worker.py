"""Jobs are done, cancelled, given back and taken over; what they save is as if read at once."""

import io
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from braintumor.db.jobs import ending
from braintumor.db.jobs.leases import LeaseLostError, begin_items, claim_job, finish_items, finish_job
from braintumor.db.jobs.submissions import (
    add_file,
    add_scans,
    begin_job,
    cancel_job,
    find_unread_scans,
    list_items,
    list_jobs,
    read_job,
    submit_job,
)
from braintumor.db.maintenance.check import check
from braintumor.db.overview.studies import list_slices
from braintumor.db.search import SearchQuery, export_records, list_readings, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables import Job, JobState, new_id
from braintumor.db.tables.base import now
from braintumor.db.tables.records import STUDY
from braintumor.errors import NotFoundError, RecordError
from braintumor.inference import Detector
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs import read_again, read_upload
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker
from braintumor.services.upload_reading import UploadReader
from braintumor.settings import Settings
from tests.helpers.api import scan_png
from tests.helpers.api.jobs import submit, submit_files
from tests.helpers.scan_files.volumes import make_volume
from tests.helpers.storage.fixtures import BOTH, storage_values
from tests.helpers.storage.readings import add_user


@pytest.fixture(params=BOTH)
def settings(request: pytest.FixtureRequest, model_outputs: Path, tmp_path: Path) -> Settings:
    return Settings(**storage_values(request, tmp_path), outputs=model_outputs, version="v4")


def _archive(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.png", data)
    return content.getvalue()


def test_upload_is_read_and_its_files_are_removed(storage: Storage, reader: Actor, worker: Worker) -> None:
    files = {"a.png": scan_png(1), "bad.png": b"no image", "all.zip": _archive(b=scan_png(2), c=scan_png(3))}
    job_id = submit_files(storage, reader, files)
    assert worker.run_once()
    assert not worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, job.done, job.failed, job.total, job.readings) == (JobState.DONE, 2, 1, 3, 3)
    items = list_items(storage, reader, job_id)
    assert [(item.name, item.state, item.error[:7]) for item in items] == [
        ("a.png", JobState.DONE, ""),
        ("bad.png", JobState.FAILED, "bad.png"),
        ("all.zip", JobState.DONE, ""),
    ]
    names = [record.name for record in export_records(storage, reader, SearchQuery(job_id=job_id, descending=False))]
    assert sorted(names) == ["a.png", "all.zip/b.png", "all.zip/c.png"]
    assert len(list(storage.blobs.iter_hashes())) == 3 + 3  # the scans, and uploads marked for removal
    ending.tidy_jobs(storage)
    assert len(list(storage.blobs.iter_hashes())) == 3
    assert check(storage).problems == []


def test_result_is_that_of_the_detector(
    storage: Storage, reader: Actor, worker: Worker, detectors: DetectorPool
) -> None:
    submit(storage, reader, a=scan_png(4))
    worker.run_once()
    record = search(storage, reader, SearchQuery()).records[0]
    detection = Detector.load("v4", storage.settings).detect(scan_png(4), "a.png")
    assert (record.verdict, record.sha256) == (str(detection.verdict), detection.sha256)
    assert record.tumor_probability == pytest.approx(detection.tumor_probability)


def test_volume_has_a_reading_per_slice_and_one_for_the_study(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = submit_files(storage, reader, {"volume.nii": make_volume()})
    worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, job.done, job.total) == (JobState.DONE, 1, 1)
    (study,) = search(storage, reader, SearchQuery(level=STUDY, job_id=job_id)).records
    assert len(list_slices(storage, reader, study.scan_id)) == job.readings - 1 > 1
    assert search(storage, reader, SearchQuery(verdict=study.verdict, level=STUDY)).records == [study]


def test_stored_scans_are_read_again_and_compared(storage: Storage, reader: Actor, worker: Worker) -> None:
    submit(storage, reader, a=scan_png(1), b=scan_png(2))
    worker.run_once()
    scans = find_unread_scans(storage, reader, "v3", "0" * 64)
    assert [name for _, name in scans] == ["a.png", "b.png"]
    job_id = begin_job(storage, reader, read_again.KIND, {"version": "v3"})
    add_scans(storage, reader, job_id, scans)
    submit_job(storage, reader, job_id)
    worker.run_once()
    assert read_job(storage, reader, job_id).done == 2
    for scan_id, _ in scans:
        assert {record.version for record in list_readings(storage, reader, scan_id)} == {"v3", "v4"}


def test_unknown_version_fails_with_a_sentence(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = submit(storage, reader, "v9", a=scan_png(1))
    worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, "v9" in job.error) == (JobState.FAILED, True)


def test_unexpected_error_ends_the_job_without_details(
    storage: Storage, reader: Actor, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("Jane Doe")

    monkeypatch.setattr(read_upload, "group_uploads", fail)
    job_id = submit(storage, reader, a=scan_png(1))
    worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, "report this bug" in job.error, "Jane" in job.error) == (JobState.FAILED, True, False)


def test_waiting_job_is_cancelled_at_once(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = submit(storage, reader, a=scan_png(1))
    assert cancel_job(storage, reader, job_id).state is JobState.CANCELLED
    assert not worker.run_once()
    assert list_items(storage, reader, job_id)[0].state is JobState.CANCELLED


def test_running_job_stops_after_the_slice(
    storage: Storage, reader: Actor, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, cancelled = UploadReader.read, threading.Event()

    def read(self: UploadReader, groups: Any) -> Iterator[Any]:
        for reading in original(self, groups):
            yield reading
            assert cancel_job(storage, reader, job_id).is_cancelling
            cancelled.wait(0.5)  # several heartbeats

    monkeypatch.setattr(UploadReader, "read", read)
    job_id = submit(storage, reader, a=scan_png(1), b=scan_png(2), c=scan_png(3))
    worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, job.is_cancelling) == (JobState.CANCELLED, False)
    assert job.done < 3


def test_stopped_worker_gives_its_job_back(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = submit(storage, reader, a=scan_png(1))
    worker.stop()
    assert worker.run_once()
    assert read_job(storage, reader, job_id).state is JobState.QUEUED


def test_dead_worker_is_replaced_and_changes_nothing_any_more(storage: Storage, reader: Actor) -> None:
    submit(storage, reader, a=scan_png(1))
    dead = claim_job(storage, "dead")
    assert dead is not None
    assert claim_job(storage, "other") is None
    with storage.database.write() as session:
        session.execute(update(Job).values(heartbeat_at=now() - timedelta(seconds=60)))
    other = claim_job(storage, "other")
    assert other is not None
    assert other.attempt == 2
    for act in (
        lambda: begin_items(storage, dead, [0]),
        lambda: finish_items(storage, dead, {0: ""}),
        lambda: finish_job(storage, dead, JobState.DONE),
    ):
        with pytest.raises(LeaseLostError):
            act()
    finish_job(storage, other, JobState.DONE)


def test_file_that_ends_its_worker_each_time_is_given_up(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = submit(storage, reader, a=scan_png(1), b=scan_png(2))
    for _ in range(5):
        lease = claim_job(storage, "killed", stale_seconds=0)
        assert lease is not None
        assert begin_items(storage, lease, [0])
    with storage.database.write() as session:
        session.execute(update(Job).values(heartbeat_at=now() - timedelta(seconds=60)))
    worker.run_once()
    job = read_job(storage, reader, job_id)
    assert (job.state, job.done, job.failed) == (JobState.DONE, 1, 1)


def test_incomplete_upload_is_not_begun_and_removed_later(storage: Storage, reader: Actor, worker: Worker) -> None:
    job_id = begin_job(storage, reader, read_upload.KIND, {})
    add_file(storage, reader, job_id, 0, "a.png", scan_png(1))
    assert not worker.run_once()
    with storage.database.write() as session:
        session.execute(update(Job).values(heartbeat_at=now() - timedelta(hours=3)))
    ending.tidy_jobs(storage)
    assert list_jobs(storage, reader) == []
    assert list(storage.blobs.iter_hashes()) == []
    with pytest.raises(NotFoundError):
        submit_job(storage, reader, job_id)


def test_jobs_of_others_are_not_found_and_own_ones_are_limited(storage: Storage, reader: Actor) -> None:
    job_id = begin_job(storage, reader, read_upload.KIND, {})
    other = add_user(storage, "eve@example.org")
    for act in (read_job, cancel_job, list_items, submit_job):
        with pytest.raises(NotFoundError):
            act(storage, other, job_id)
    for _ in range(19):
        begin_job(storage, reader, read_upload.KIND, {})
    with pytest.raises(RecordError, match="20 jobs"):
        begin_job(storage, reader, read_upload.KIND, {})


def test_queue_wakes_a_worker_and_drops_forged_messages(storage: Storage, queue: JobQueue) -> None:
    other = JobQueue(storage)  # of another process
    queue.wait(0)
    other._queue.enqueue(b"cos\nsystem\n(S'true'\ntR.:forged")
    assert not queue._receive()
    other.notify(new_id())
    assert queue._receive()
    assert not queue._receive()
    if storage.database.is_sqlite:
        assert (storage.settings.data_dir / "queue.sqlite").stat().st_mode & 0o077 == 0
