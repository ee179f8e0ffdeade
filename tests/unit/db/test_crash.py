"""kill -9 at random moments loses nothing acknowledged; processes write at the same time without losing anything."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from uuid import UUID

import numpy as np
import pytest

from braintumor.db.maintenance.check import check
from braintumor.db.records import read_stored_scan
from braintumor.db.search import SearchQuery, export_records
from braintumor.db.storage import Actor, Storage
from tests.helpers.storage.kills import kill_count
from tests.helpers.storage.readings import save
from tests.helpers.storage.worker import save_and_delete, save_many


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start quickly, from one that has imported the package."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.helpers.storage.worker", "obstore.store"])
    return context


def _run_until_killed(
    processes: ForkServerContext, storage: Storage, actor: Actor, seed: int
) -> tuple[set[UUID], set[UUID]]:
    """Return the ids acknowledged as saved, and those whose deletion began."""
    receiver, sender = processes.Pipe(duplex=False)
    worker = processes.Process(target=save_and_delete, args=(storage.settings.data_dir, actor, seed, sender))
    worker.start()
    sender.close()
    assert receiver.recv()[0] == "ready"
    threading.Timer(np.random.default_rng(seed).uniform(0, 0.3), os.kill, (worker.pid, signal.SIGKILL)).start()
    messages = _receive_all(receiver)
    worker.join()
    saved, purging = ({scan_id for kind, scan_id in messages if kind == name} for name in ("saved", "purging"))
    return saved, purging


def _receive_all(receiver: Connection) -> list[tuple[str, UUID]]:
    messages = []
    try:
        while True:
            kind, _, scan_id = receiver.recv()
            messages.append((kind, scan_id))
    except EOFError:
        return messages


def _survives_kills(processes: ForkServerContext, storage: Storage, reader: Actor, kills: int) -> None:
    saved, purging = set(), set()
    for seed in range(kills):
        new, began = _run_until_killed(processes, storage, reader, seed)
        saved, purging = saved | new, purging | began
    present = {record.scan_id for record in export_records(storage, reader, SearchQuery())}
    assert saved - purging <= present
    check(storage, repair=True)
    report = check(storage)
    assert report.problems == []
    for scan_id in present:
        assert len(read_stored_scan(storage, reader, scan_id).content) == 20_000
    assert len(list(storage.blobs.iter_hashes())) <= len(saved) + kills


@pytest.mark.slow
def test_kills_lose_nothing_acknowledged(processes: ForkServerContext, storage: Storage, reader: Actor) -> None:
    _survives_kills(processes, storage, reader, kill_count(10))


def test_two_processes_write_at_the_same_time(processes: ForkServerContext, storage: Storage, reader: Actor) -> None:
    # Half of the scans are saved by both.
    workers = [
        processes.Process(target=save_many, args=(storage.settings.data_dir, reader, start, 20)) for start in (0, 10)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(export_records(storage, reader, SearchQuery()))) == 30
    assert check(storage).problems == []


def test_threads_write_at_the_same_time(storage: Storage, reader: Actor) -> None:
    threads = [threading.Thread(target=save, args=(storage, reader, *range(n, n + 10))) for n in (0, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(export_records(storage, reader, SearchQuery()))) == 20
    assert check(storage).problems == []
