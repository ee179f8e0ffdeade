"""The verdict on a study as a record of the database, and the record as a study again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ValidationError

from braintumor.db.records import NewReading
from braintumor.db.search import Record
from braintumor.db.tables.records import STUDY
from braintumor.enums import TumorClass, Verdict
from braintumor.errors import RecordError
from braintumor.imaging.file_bytes import sha256_hex
from braintumor.inference.study import PlaneReading, StudyReading, StudySlice
from braintumor.inference.study.lesion import Lesion
from braintumor.inference.study.reading import SliceCounts
from braintumor.reporting.csv_export import CsvRow, format_timestamp, study_row
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading
from braintumor.text import pluralize


class _Payload(BaseModel):
    """What the answer for a study has besides the columns of the table."""

    reason: str
    key_slices: tuple[StudySlice, ...]
    planes: tuple[PlaneReading, ...]
    planes_agree: bool | None
    lesion: Lesion | None
    counts: SliceCounts
    binary_threshold: float | None
    slices: tuple[StudySlice, ...]


_FROM_READING: Final = tuple(name for name in _Payload.model_fields if name != "slices")


def make_study_record(
    study: StudyResult, readings: Sequence[Reading], stored: Mapping[str, UUID], card_sha256: str
) -> NewReading:
    """Return what to save of the answer for a study. It has no file of its own: its slices have.

    A study with slices that the reader changed is a record of its own, with their number in its name.

    Parameters
    ----------
    study : StudyResult
    readings : sequence of Reading
        The readings of its slices; others are skipped.
    stored : mapping of str to UUID
        Ids of the stored slices, by the ids of their readings.
    card_sha256 : str
        Hash of the model card.
    """
    row, answer = study_row(study), study.reading
    members = {each.id for each in study.slices}
    changes = [f"{each.name} {each.edit}" for each in readings if each.id in members and not each.edit.is_empty]
    payload = _Payload(**{name: getattr(answer, name) for name in _FROM_READING}, slices=study.slices)
    return NewReading(
        name=study.name + (f" [{pluralize(len(changes), 'slice')} changed]" if changes else ""),
        sha256=sha256_hex("\n".join([study.sha256, *changes]).encode()) if changes else study.sha256,
        version=study.model_version,
        card_sha256=card_sha256,
        level=STUDY,
        verdict=str(answer.verdict),
        result=str(row["result"]),
        tumor_probability=answer.tumor_probability,
        probabilities={str(label): value for label, value in answer.probabilities.items()},
        read_at=datetime.fromisoformat(study.timestamp),
        diameter_mm=None if answer.lesion is None else answer.lesion.diameter_mm,
        payload=payload.model_dump(mode="json"),
        slices=[stored.get(each.id) for each in study.slices],
    )


def restore_study(record: Record) -> StudyResult:
    """Return the answer for a study of a record opened or exported with its payload.

    Raises
    ------
    RecordError
        Another version of this program saved it.
    """
    try:
        payload = _Payload.model_validate(record.payload)
    except ValidationError:
        raise RecordError(
            f"The result of {record.name} was saved by another version of this program and cannot be shown. "
            "Read the series again."
        ) from None
    reading = StudyReading(
        verdict=Verdict(record.verdict),
        tumor_probability=record.tumor_probability,
        probabilities={TumorClass(label): value for label, value in record.probabilities.items()},
        **{name: getattr(payload, name) for name in _FROM_READING},
    )
    return StudyResult(
        id=str(record.reading_id),
        name=record.name,
        sha256=record.sha256,
        timestamp=format_timestamp(record.read_at),
        model_version=record.version,
        reading=reading,
        slices=payload.slices,
    )


def key_positions(study: StudyResult) -> list[int]:
    """Return the indices of the key slices among the slices of a study, the one to look at first as the first."""
    indices = {each.id: index for index, each in enumerate(study.slices)}
    return [indices[each.id] for each in study.reading.key_slices if each.id in indices]


def study_record_row(record: Record) -> CsvRow:
    """Return the row of the CSV of a study's record opened or exported with its payload."""
    finding = {"reader_finding": record.opinion or None, "reader_comment": record.comment or None}
    return study_row(restore_study(record)) | finding
