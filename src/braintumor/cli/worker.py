"""Command `worker`: does background jobs in a process of its own."""

import argparse
import signal

from braintumor.cli.arguments import add_command
from braintumor.settings import get_settings


def add_worker_command(commands: argparse._SubParsersAction) -> None:
    """Add the command to a parser."""
    worker = add_command(commands, "worker", "do the background jobs of a server in a process of its own", _work)
    worker.epilog = "Set BRAINTUMOR_WORKER_THREAD=off for the web server. Several workers share the jobs."


def _work(options: argparse.Namespace) -> int:
    from braintumor.db.storage import open_storage
    from braintumor.inference.detector_pool import DetectorPool
    from braintumor.jobs.queue import JobQueue
    from braintumor.jobs.worker import Worker

    settings = get_settings()
    storage = open_storage(settings)
    worker = Worker(storage, DetectorPool(settings), JobQueue(storage))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop(0))
    print("The worker waits for jobs.", flush=True)
    worker.run()
    storage.close()
    return 0
