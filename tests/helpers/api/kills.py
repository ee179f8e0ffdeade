"""Processes to kill: a web server that answers requests, and a worker; each says what was acknowledged."""

import io
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any, Final

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from braintumor.api.app import create_app
from braintumor.db.storage import open_storage
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker, WorkerIntervals
from braintumor.settings import Settings
from tests.helpers.accounts import BASE_URL
from tests.helpers.api import API, as_files, scan_png

# `saved`, `job`, `deleting`, `deleted`, and the id that it is about.
Message = tuple[str, str]
INTERVALS: Final = WorkerIntervals(heartbeat=0.1, stale=0.5, poll=0.05)
FILES: Final = 3  # of each job


def fork_server() -> ForkServerContext:
    """Return a context for processes that start quickly, from one that has imported the package."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.helpers.api.kills", "tests.helpers.storage.worker", "obstore.store"])
    return context


def run_until_killed(processes: ForkServerContext, share: float, target: Callable[..., None], *args: Any) -> Any:
    """Run a function in a process, kill -9 it some time after its first message, and return its other messages.

    The time is a share of the time that the process took to start, so that a slow machine gets as far as a fast one.
    """
    start = time.monotonic()
    receiver, sender = processes.Pipe(duplex=False)
    process = processes.Process(target=target, args=(*args, sender))
    process.start()
    sender.close()
    assert receiver.recv()[0] == "ready"
    seconds = share * (time.monotonic() - start)
    threading.Timer(seconds, os.kill, (process.pid, signal.SIGKILL)).start()
    messages: list[Any] = []
    try:
        while True:
            messages.append(receiver.recv())
    except EOFError:
        process.join()
        return messages


def answer_requests(
    values: dict[str, Any], variables: dict[str, str], token: str, seed: int, sender: Connection
) -> None:
    """Save scans, start jobs and delete scans through the API until killed."""
    os.environ.update(variables)
    client = TestClient(create_app(Settings(**values)), base_url=BASE_URL, client=("127.0.0.1", 50_000))
    client.headers["Authorization"] = f"Bearer {token}"
    numbers, saved = np.random.default_rng(seed), []
    client.get(f"{API}/models")
    sender.send(("ready", ""))
    for step in range(seed * 1_000, seed * 1_000 + 1_000):
        if step % 3 == 0:
            files = as_files(**{f"job-{step}-{n}": scan_png(step * FILES + n) for n in range(FILES - 1)})
            files += as_files(**{f"job-{step}-large": _large_png(numbers)})
            response = client.post(f"{API}/scans?background=true", files=files)
            if response.status_code == 202:  # 409 with too many open jobs
                sender.send(("job", response.json()["id"]))
        else:
            response = client.post(f"{API}/scans", files=as_files(**{f"scan-{step}": scan_png(step)}))
            saved.append(response.json()["readings"][0]["scan_id"])
            sender.send(("saved", saved[-1]))
        if saved and numbers.random() < 0.5:
            scan_id = saved.pop(numbers.integers(len(saved)))
            sender.send(("deleting", scan_id))
            if client.delete(f"{API}/scans/{scan_id}").status_code == 204:
                sender.send(("deleted", scan_id))


def work(values: dict[str, Any], variables: dict[str, str], sender: Connection) -> None:
    """Do jobs until killed."""
    os.environ.update(variables)
    settings = Settings(**values)
    storage, detectors = open_storage(settings), DetectorPool(settings)
    detectors.get("v4")
    sender.send(("ready", ""))
    Worker(storage, detectors, JobQueue(storage), INTERVALS).run()


def _large_png(numbers: np.random.Generator) -> bytes:
    """A picture of 1 MB that takes a moment to store and to read."""
    content = io.BytesIO()
    Image.fromarray(numbers.integers(0, 255, (1_024, 1_024), np.uint8)).save(content, "PNG", compress_level=1)
    return content.getvalue()
