"""The readings of a user's last visit, restored for the Detection page."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

from braintumor.db.records import SavedReading, read_stored_scan
from braintumor.db.search import Record, SearchQuery, open_record, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables.records import SLICE
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.reporting.findings import ReaderFinding
from braintumor.services.reading import make_study_slice
from braintumor.services.reading_result import Reading
from braintumor.services.records.reading_record import restore_reading

# Start of the IDs of restored readings.
RESTORED_ID: Final = "restored"
# Each scan is read again for its overlays.
MAX_RESTORED: Final = 200
# A longer pause between two readings separates two visits.
_PAUSE: Final = timedelta(hours=1)


class VisitReading(NamedTuple):
    """A restored reading, the user's finding on it, and its record."""

    reading: Reading
    finding: ReaderFinding
    saved: SavedReading


def find_last_visit(storage: Storage, actor: Actor) -> list[Record]:
    """Return the records of the user's last visit by one model version, oldest first; at most `MAX_RESTORED`."""
    visit: list[Record] = []
    for record in search(storage, actor, SearchQuery(level=SLICE, rows=MAX_RESTORED)).records:
        if visit and visit[-1].read_at - record.read_at > _PAUSE:
            break
        if record.has_scan and (not visit or record.version == visit[0].version):
            visit.append(record)
    return visit[::-1]


def restore_visit(
    storage: Storage, actor: Actor, records: Sequence[Record], detector: Detector
) -> Iterator[VisitReading | None]:
    """Yield the reading of each record, and None for one that cannot be read any more; the audit log notes each.

    A visit that is not restored completely has no answers for studies, of which slices may be missing.
    """
    is_complete = len(records) < MAX_RESTORED
    for number, record in enumerate(records):
        try:
            opened = open_record(storage, actor, record.reading_id)
            stored = read_stored_scan(storage, actor, record.scan_id)
            restored = restore_reading(opened, stored, detector)
        except BrainTumorError:
            yield None
            continue
        reading = replace(restored.reading, id=f"{RESTORED_ID}-{number}")
        if reading.detection is not None and is_complete:
            study_slice = make_study_slice(reading.detection, reading.id, reading.edit)
            reading = replace(reading, study_slice=study_slice)
        saved = SavedReading(record.scan_id, record.reading_id, is_new=False)
        yield VisitReading(reading, restored.finding, saved)
