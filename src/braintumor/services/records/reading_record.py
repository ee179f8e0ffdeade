"""A reading as a record of the database, and a record as a reading again."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from braintumor.db.records import NewReading, StoredScan
from braintumor.db.search import Record
from braintumor.db.tables.records import STUDY
from braintumor.enums import PictureKind, TumorClass, Verdict
from braintumor.errors import RecordError
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit, apply_edit, describe_turn
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.imaging.loading import read_scan
from braintumor.imaging.picture.scan_examination import examine_scan
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detection, Detector
from braintumor.inference.model_card import CARD_FILE
from braintumor.inference.registry import Artifact
from braintumor.reporting.csv_export import CsvRow, csv_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions, group_id
from braintumor.services.records.scan_file import SCAN_MEDIA_TYPE, pack_scan, unpack_scan
from braintumor.services.records.study_record import study_record_row


class _Payload(BaseModel):
    """What a result has besides the columns of the table."""

    reason: str
    prediction_set: tuple[TumorClass, ...]
    milliseconds: dict[str, float]
    series: SeriesPosition | None
    spacing: tuple[float, float] | None
    warnings: tuple[str, ...]
    binary_threshold: float | None
    picture: PictureKind
    turn: int
    suggested_turn: int
    diameter_pixels: float | None
    edit: ScanEdit


_FROM_DETECTION: Final = tuple(name for name in _Payload.model_fields if name not in ("diameter_pixels", "edit"))


@dataclass(frozen=True, slots=True)
class RestoredReading:
    """A stored reading, ready for the viewer.

    Attributes
    ----------
    reading : Reading
        Without pixels if only the results are stored.
    finding : ReaderFinding
    note : str
        Why the overlays are missing; empty if they are there.
    """

    reading: Reading
    finding: ReaderFinding
    note: str = ""


def hash_card(artifact: Artifact) -> str:
    """Return the hash of a version's card, which tells apart versions of one name that were calibrated again."""
    return hashlib.sha256(artifact.path(CARD_FILE).read_bytes()).hexdigest()


def make_record(reading: Reading, card_sha256: str) -> NewReading:
    """Return what to save of a reading made with `keep_scan`.

    A scan that the reader changed is a record of its own, with the change in its name.

    Raises
    ------
    ValueError
        The file could not be read, so that there is nothing to save.
    """
    detection = reading.detection
    if detection is None:
        raise ValueError("A file that could not be read has no record.")
    row, series = csv_row(detection), detection.series
    payload = _Payload(
        **{name: getattr(detection, name) for name in _FROM_DETECTION},
        diameter_pixels=detection.diameter_pixels,
        edit=reading.edit,
    )
    return NewReading(
        name=detection.name + _edit_suffix(reading.edit),
        sha256=detection.sha256,
        version=detection.model_version,
        card_sha256=card_sha256,
        verdict=str(detection.verdict),
        result=str(row["result"]),
        tumor_probability=detection.tumor_probability,
        probabilities={str(label): value for label, value in detection.probabilities.items()},
        read_at=detection.timestamp,
        content=None if reading.source_scan is None else pack_scan(reading.source_scan),
        media_type=SCAN_MEDIA_TYPE,
        series="" if series is None else sha256_hex(f"{group_id(reading.id)} {series.key}".encode())[:32],
        ood_score=detection.ood_score,
        area_pixels=None if row["area_pixels"] is None else int(row["area_pixels"]),
        area_mm2=_number(row["area_mm2"]),
        diameter_mm=_number(row["diameter_mm"]),
        payload=payload.model_dump(mode="json"),
    )


def record_detection(record: Record) -> Detection:
    """Return the result of a record opened or exported with its payload; without maps and mask.

    Raises
    ------
    RecordError
        Another version of this program saved it, or not the dashboard.
    """
    payload = _parse_payload(record)
    detection = Detection(
        name=record.name,
        sha256=record.sha256,
        timestamp=record.read_at,
        probabilities={TumorClass(label): value for label, value in record.probabilities.items()},
        tumor_probability=record.tumor_probability,
        verdict=Verdict(record.verdict),
        ood_score=record.ood_score,
        model_version=record.version,
        **{name: getattr(payload, name) for name in _FROM_DETECTION},
    )
    return detection.restore(_sizes(record, payload), None)


def record_finding(record: Record) -> ReaderFinding:
    """Return the reader's own finding on a record; empty if there is none."""
    return ReaderFinding(record.opinion, record.comment)


def record_row(record: Record) -> CsvRow:
    """Return the row of the CSV of a record opened or exported with its payload."""
    if record.level == STUDY:
        return study_record_row(record)
    return csv_row(record_detection(record), record_finding(record))


def restore_reading(record: Record, stored: StoredScan | None, detector: Detector | None) -> RestoredReading:
    """Return a stored reading as it was, with the overlays of reading its scan once more.

    Parameters
    ----------
    record : Record
        With its payload.
    stored : StoredScan or None
        None if only the results are stored.
    detector : Detector or None
        The version of the record; None if it cannot be loaded.

    Raises
    ------
    RecordError, StorageError, ScanError
        The record or its scan cannot be read.
    """
    detection, edit = record_detection(record), _parse_payload(record).edit
    finding = record_finding(record)
    if stored is None:
        reading = Reading(str(record.reading_id), csv_row(detection), detection, edit=edit)
        return RestoredReading(reading, finding, "The scan is no longer stored, only its results.")
    source = _unpack(stored)
    edited = apply_edit(examine_scan(source.to_scan()), edit)
    is_same = detector is not None and hash_card(detector.artifact) == record.card_sha256
    maps = detector.detect(edited) if detector is not None and is_same else None
    if maps is not None and maps.turn == detection.turn:
        detection, note = detection.restore(_sizes(record, _parse_payload(record)), maps), ""
    else:
        note = f"Version {record.version} has changed or is not on this server, so its overlays cannot be drawn."
    shown = CompressedScan.from_scan(detection.as_read(edited))
    reading = Reading(str(record.reading_id), csv_row(detection), detection, shown, edit=edit, original_scan=source)
    return RestoredReading(reading, finding, note)


def read_again(record: Record, stored: StoredScan, detector: Detector) -> Reading:
    """Read a stored scan with a version, with the changes that the reader made on it.

    Raises
    ------
    RecordError, StorageError, ScanError
        The record or its scan cannot be read.
    """
    source, edit = _unpack(stored), _parse_payload(record).edit
    stub = Reading(str(record.reading_id), {"name": source.stub.name, "sha256": record.sha256}, None, source)
    service = ReadingService(detector, options=ReadingOptions(keep_scan=True))
    reading = service.reread(stub, edit)
    if reading.detection is None:
        raise RecordError(f"{record.name} could not be read with version {detector.version}: {reading.error}")
    return reading


def _unpack(stored: StoredScan) -> CompressedScan:
    if stored.media_type == SCAN_MEDIA_TYPE:
        return unpack_scan(stored.content, stored.name)
    return CompressedScan.from_scan(read_scan(stored.content, stored.name))


def _parse_payload(record: Record) -> _Payload:
    try:
        return _Payload.model_validate(record.payload)
    except ValidationError:
        raise RecordError(
            f"The result of {record.name} was saved by another version of this program and cannot be shown. "
            "Read the scan again."
        ) from None


def _sizes(record: Record, payload: _Payload) -> dict[str, float] | None:
    if record.area_pixels is None:
        return None
    millimetres = record.diameter_mm or 0.0
    return {
        "area": record.area_pixels,
        "diameter_pixels": payload.diameter_pixels or 0.0,
        "diameter_mm": millimetres,
    }


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _edit_suffix(edit: ScanEdit) -> str:
    """Return what the reader changed, such as ` [cropped to 10, 20, 200, 220; inverted]`; empty if nothing."""
    changes = []
    if edit.crop is not None:
        changes.append(f"cropped to {', '.join(map(str, edit.crop))}")
    if edit.turn or edit.is_upright:
        changes.append(describe_turn(edit.turn) if edit.turn else "not turned")
    if edit.is_inverted:
        changes.append("inverted")
    return f" [{'; '.join(changes)}]" if changes else ""
