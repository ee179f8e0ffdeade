"""Command `worker`: does background jobs in a process of its own."""

import argparse
import signal
from typing import TYPE_CHECKING

from braintumor.cli.arguments import add_command
from braintumor.settings import Settings, get_settings

if TYPE_CHECKING:
    from braintumor.db.storage import Storage


def add_worker_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser."""
    worker = add_command(commands, "worker", "do the background jobs of a server in a process of its own", _work)
    worker.add_argument("--check", action="store_true", help="only check that the database can be used")
    worker.epilog = "Set BRAINTUMOR_WORKER_THREAD=off for the web server. Several workers share the jobs."


def _work(options: argparse.Namespace) -> int:
    from braintumor.db.storage import open_storage

    settings = get_settings()
    storage = open_storage(settings)
    if not options.check:
        _run(settings, storage)
    storage.close()
    return 0


def _run(settings: Settings, storage: "Storage") -> None:
    from braintumor.api.middleware.request_log import configure_logging
    from braintumor.inference.detector_pool import DetectorPool
    from braintumor.jobs.queue import JobQueue
    from braintumor.jobs.worker import Worker

    configure_logging()
    worker = Worker(storage, DetectorPool(settings), JobQueue(storage))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop(0))
    print("The worker waits for jobs.", flush=True)
    worker.run()
