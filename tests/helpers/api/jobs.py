"""Jobs to submit, and a worker process to kill."""

from multiprocessing.connection import Connection
from pathlib import Path
from uuid import UUID

from braintumor.db.jobs.submissions import add_file, begin_job, submit_job
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.inference.detector_pool import DetectorPool
from braintumor.jobs import read_upload
from braintumor.jobs.queue import JobQueue
from braintumor.jobs.worker import Worker, WorkerIntervals
from braintumor.settings import Settings


def submit(storage: Storage, actor: Actor, version: str = "v4", **files: bytes) -> UUID:
    """Submit a job that reads PNG files, by name without suffix."""
    return submit_files(storage, actor, {f"{name}.png": content for name, content in files.items()}, version)


def submit_files(storage: Storage, actor: Actor, files: dict[str, bytes], version: str = "v4") -> UUID:
    """Submit a job that reads files."""
    job_id = begin_job(storage, actor, read_upload.KIND, {"version": version})
    for position, (name, content) in enumerate(files.items()):
        add_file(storage, actor, job_id, position, name, content)
    submit_job(storage, actor, job_id)
    return job_id


def work(data: Path, outputs: Path, intervals: WorkerIntervals, sender: Connection) -> None:
    """Work until killed."""
    settings = Settings(data=data, outputs=outputs, version="v4", threads=1)
    storage, detectors = open_storage(settings), DetectorPool(settings)
    detectors.get("v4")
    sender.send("ready")
    Worker(storage, detectors, JobQueue(storage), intervals).run()
