"""Job that reads uploaded files and saves the results."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from braintumor.db.blobs import BlobStore
from braintumor.db.jobs.ending import is_over
from braintumor.db.jobs.leases import Item, add_readings, begin_items, finish_items, read_items
from braintumor.db.records import save_readings
from braintumor.inference import Detector
from braintumor.jobs.context import JobContext
from braintumor.reporting.csv_export import CsvRow
from braintumor.services.file_groups import FileGroup
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.services.records.reading_record import hash_card, make_record
from braintumor.services.records.study_record import make_study_record
from braintumor.services.upload_reading import UploadReader, group_uploads

KIND: Final = "read-upload"
_BATCH: Final = 8  # readings per transaction


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file that waits in the store; satisfies `ReadableFile`."""

    position: int
    name: str
    sha256: str
    blobs: BlobStore = field(repr=False)

    def getvalue(self) -> bytes:
        """Return the whole content."""
        return self.blobs.get(self.sha256)


def read_upload(job: JobContext) -> None:
    """Read the files that are not read yet. Files that belong together are read again together after a crash."""
    items = {item.position: item for item in read_items(job.storage, job.lease)}
    files = [
        StoredFile(item.position, item.name, item.blob_sha256, job.storage.blobs)
        for item in items.values()
        if item.blob_sha256 is not None
    ]
    detector = job.detectors.get(job.lease.options.get("version"))
    for group in group_uploads(files, lambda file: str(file.position)):
        members = [items[file.position] for file in group.files if isinstance(file, StoredFile)]
        job.check()
        if not all(is_over(item.state) for item in members) and begin_items(
            job.storage, job.lease, [item.position for item in members]
        ):
            _GroupReader(job, detector, group, members).run()


class _GroupReader:
    """Reads one group and saves its readings in batches."""

    def __init__(self, job: JobContext, detector: Detector, group: FileGroup, items: Sequence[Item]) -> None:
        self._job, self._group, self._items = job, group, items
        self._positions = {str(item.blob_sha256): item.position for item in items}
        self._card = hash_card(detector.artifact)
        self._reader = UploadReader(detector, ReadingOptions(keep_scan=True))
        self._errors: list[CsvRow] = []
        self._read: set[str] = set()  # hashes of the files that gave a result
        self._stored: dict[str, UUID] = {}  # ids of the scans by those of the readings

    def run(self) -> None:
        """Read and save everything, then end the items."""
        batch: list[Reading] = []
        for reading in self._reader.read([self._group]):
            self._job.check()
            if reading.detection is None:
                self._errors.append(reading.row)
                continue
            batch.append(reading)
            if len(batch) == _BATCH:
                self._save(batch)
                batch = []
        self._save(batch)
        self._save_studies()
        errors = {item.position: self._find_error(item) for item in self._items}
        finish_items(self._job.storage, self._job.lease, errors, self._group.key, self._errors)

    def _save(self, batch: Sequence[Reading]) -> None:
        if not batch:
            return
        job = self._job
        saved = save_readings(job.storage, job.lease.actor, [make_record(reading, self._card) for reading in batch])
        noted: list[tuple[UUID, int]] = []
        for reading, ids in zip(batch, saved, strict=True):
            self._read.add(reading.sha256)
            self._stored[reading.id] = ids.scan_id
            noted.append((ids.reading_id, self._positions.get(reading.sha256, self._items[0].position)))
        add_readings(job.storage, job.lease, noted)

    def _save_studies(self) -> None:
        job = self._job
        records = [make_study_record(study, (), self._stored, self._card) for study in self._reader.studies()]
        if not records:
            return
        saved = save_readings(job.storage, job.lease.actor, records)
        add_readings(job.storage, job.lease, [(ids.reading_id, self._items[0].position) for ids in saved])

    def _find_error(self, item: Item) -> str:
        """Return why nothing of a file was read; empty if something was, or if it was skipped."""
        if item.blob_sha256 in self._read:
            return ""
        if len(self._items) == 1:  # an archive, whose members have hashes of their own
            return str(self._errors[0]["error"]) if self._errors and not self._read else ""
        return next((str(row["error"]) for row in self._errors if row["sha256"] == item.blob_sha256), "")
