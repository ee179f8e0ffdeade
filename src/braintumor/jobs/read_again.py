"""Job that reads stored scans again with another version."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from braintumor.db.jobs.ending import is_over
from braintumor.db.jobs.leases import Item, add_readings, begin_items, finish_items, read_items
from braintumor.db.records import read_stored_scan, save_readings
from braintumor.db.search import list_readings, open_record
from braintumor.errors import BrainTumorError, RecordError, StorageError
from braintumor.inference import Detector
from braintumor.jobs.context import JobContext
from braintumor.services.records.reading_record import hash_card, make_record, read_again

KIND: Final = "read-again"


def read_stored_scans(job: JobContext) -> None:
    """Read each scan that is not read yet. A scan that cannot be read does not hold back the others."""
    detector = job.detectors.get(job.lease.options.get("version"))
    card = hash_card(detector.artifact)
    for item in read_items(job.storage, job.lease):
        job.check()
        if is_over(item.state) or not begin_items(job.storage, job.lease, [item.position]):
            continue
        error = ""
        try:
            reading_id = _read_scan(job, item, detector, card)
            add_readings(job.storage, job.lease, [(reading_id, item.position)])
        except StorageError:  # the database, not the scan
            raise
        except BrainTumorError as problem:
            error = str(problem)
        finish_items(job.storage, job.lease, {item.position: error})


def _read_scan(job: JobContext, item: Item, detector: Detector, card: str) -> UUID:
    storage, actor = job.storage, job.lease.actor
    if item.scan_id is None:
        raise RecordError(f"{item.name} was deleted.")
    newest = list_readings(storage, actor, item.scan_id)[0]
    record = open_record(storage, actor, newest.reading_id)
    reading = read_again(record, read_stored_scan(storage, actor, item.scan_id), detector)
    new = make_record(reading, card)
    same_scan = replace(new, name=record.name, sha256=record.sha256, series=record.series, content=None)
    return save_readings(storage, actor, [same_scan])[0].reading_id
