"""Download the history: all results as CSV, or results with pictures as ZIP."""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from PIL import Image

from braintumor.db.records import read_stored_scan
from braintumor.db.search import Record, SearchQuery, export_records, search
from braintumor.db.storage import Actor, Storage
from braintumor.errors import BrainTumorError, RecordError
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, to_csv_bytes
from braintumor.reporting.overlays import overlay_name, overlay_png
from braintumor.reporting.xlsx_export import to_xlsx
from braintumor.services.records.reading_record import record_row, restore_reading

# Each picture is read again for its overlay, and all are in memory.
MAX_ZIP_RECORDS: Final = 200
# Returns the detector of a version, or None if it cannot be loaded.
FindDetector = Callable[[str], Detector | None]


def export_csv(storage: Storage, actor: Actor, query: SearchQuery) -> bytes:
    """Return the rows of all records of a search, with a byte order mark for Excel."""
    return to_csv_bytes(_iter_rows(export_records(storage, actor, query)), with_bom=True)


def export_records_zip(storage: Storage, actor: Actor, query: SearchQuery, find_detector: FindDetector) -> bytes:
    """Return a ZIP of `history.csv`, `history.xlsx`, `scans/*.png` and `overlays/*.png`.

    Scans that are no longer stored, and overlays of versions that are not on this server, are left out.

    Raises
    ------
    RecordError
        The search has more than `MAX_ZIP_RECORDS` records.
    """
    records: list[Record] = []
    for record in export_records(storage, actor, query):
        records.append(record)
        if len(records) > MAX_ZIP_RECORDS:
            raise RecordError(f"A ZIP has at most {MAX_ZIP_RECORDS} records. Narrow the search, or download the CSV.")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        rows = list(_iter_rows(iter(records)))
        archive.writestr("history.csv", to_csv_bytes(rows, with_bom=True))
        archive.writestr("history.xlsx", to_xlsx(rows))
        for number, record in enumerate(records, start=1):
            for folder, png in _iter_pictures(storage, actor, record, find_detector):
                name = f"{folder}/{number:04d}-{overlay_name(record.name, record.sha256)}"
                archive.writestr(name, png, zipfile.ZIP_STORED)
    return file.getvalue()


def has_too_many(storage: Storage, actor: Actor, query: SearchQuery) -> bool:
    """Whether a search has too many records for a ZIP."""
    return bool(search(storage, actor, replace(query, rows=MAX_ZIP_RECORDS, after="")).next)


def _iter_rows(records: Iterator[Record]) -> Iterator[CsvRow]:
    for record in records:
        try:
            yield record_row(record)
        except RecordError as error:  # one record that cannot be shown does not hold back the others
            yield {
                "timestamp": record.read_at.isoformat(),
                "name": record.name,
                "sha256": record.sha256,
                "model_version": record.version,
                "verdict": record.verdict,
                "error": str(error),
            }


def _iter_pictures(
    storage: Storage, actor: Actor, record: Record, find_detector: FindDetector
) -> Iterator[tuple[str, bytes]]:
    if not record.has_scan:
        return
    try:
        stored = read_stored_scan(storage, actor, record.scan_id)
        reading = restore_reading(record, stored, find_detector(record.version)).reading
    except BrainTumorError:  # its row is in the table
        return
    if reading.compressed_scan is None or reading.detection is None:
        return
    scan, png = reading.compressed_scan.to_scan(), io.BytesIO()
    Image.fromarray(scan.to_uint8()).save(png, "PNG")
    yield "scans", png.getvalue()
    if reading.detection.heat_map is not None or reading.detection.mask is not None:
        yield "overlays", overlay_png(scan, reading.detection)
