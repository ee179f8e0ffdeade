"""The list of the reading room: slices of a series under one entry, what came of each, the order and the filter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app_pages.components.detection.readings import Reading, group_id
from braintumor.enums import Verdict


class ReadingStatus(StrEnum):
    """What came of a slice, worst first: the verdicts, and failure among them."""

    SUSPECTED = "Suspected"
    UNCERTAIN = "Unclear"
    FAILED = "Failed"
    REJECTED = "Refused"
    NO_TUMOR = "Clear"


class WorklistOrder(StrEnum):
    """How the list is sorted."""

    MOST_SUSPICIOUS = "Worst first"
    PROBABILITY = "Tumour probability"
    NAME = "File name"
    UPLOAD = "As uploaded"


_STATUS_OF_VERDICT: Final = {
    Verdict.TUMOR_SUSPECTED: ReadingStatus.SUSPECTED, Verdict.UNCERTAIN: ReadingStatus.UNCERTAIN,
    Verdict.NO_TUMOR_FOUND: ReadingStatus.NO_TUMOR, Verdict.NOT_BRAIN_MRI: ReadingStatus.REJECTED,
}  # fmt: skip
_STATUS_PRIORITY: Final = list(ReadingStatus)
# Names of the theme's own colours, as for verdicts.
READING_STATUS_TONES: Final = {
    ReadingStatus.SUSPECTED: "red", ReadingStatus.UNCERTAIN: "orange", ReadingStatus.FAILED: "gray", ReadingStatus.REJECTED: "gray", ReadingStatus.NO_TUMOR: "green",
}  # fmt: skip


def reading_status(reading: Reading) -> ReadingStatus:
    """What came of a slice."""
    return ReadingStatus.FAILED if reading.detection is None else _STATUS_OF_VERDICT[reading.detection.verdict]


def _priority(reading: Reading) -> tuple[int, float]:
    return _STATUS_PRIORITY.index(reading_status(reading)), -_sort_probability(reading)


def _sort_probability(reading: Reading) -> float:
    """Tumour probability; below all others where none was looked for, and last of what could not be read."""
    if reading.detection is None:
        return -2.0
    return -1.0 if reading_status(reading) is ReadingStatus.REJECTED else reading.detection.tumor_probability


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """A line of the list: one slice, or the slices of a series in their order."""

    title: str
    readings: tuple[Reading, ...]

    @property
    def most_suspicious(self) -> Reading:
        """The slice to look at first."""
        return min(self.readings, key=_priority)

    @property
    def status_counts(self) -> Counter[ReadingStatus]:
        """How many slices came to what."""
        return Counter(map(reading_status, self.readings))

    def index_of(self, reading_id: str) -> int | None:
        """Where a slice stands in it; None where it does not."""
        return next((i for i, reading in enumerate(self.readings) if reading.id == reading_id), None)


def build_worklist(readings: Iterable[Reading]) -> list[WorklistItem]:
    """Slices gathered under their series, in the order of the upload."""
    gathered: dict[str, list[Reading]] = {}
    for reading in readings:
        series = None if reading.compressed_scan is None else reading.compressed_scan.stub.series
        gathered.setdefault(reading.id if series is None else f"{group_id(reading.id)} {series.key}", []).append(
            reading
        )
    return [WorklistItem(_item_title(group), tuple(sorted(group, key=_slice_index))) for group in gathered.values()]


def _item_title(group: Sequence[Reading]) -> str:
    picture = group[0].compressed_scan
    series = None if picture is None else picture.stub.series
    if series is None or len(group) == 1:
        return group[0].name
    # Slices of one file are named after it: `volume.nii.gz [axial 12]`.
    file, cut, _ = group[0].name.rpartition(" [")
    return f"{series.title}, {file}" if cut else series.title


def _slice_index(reading: Reading) -> int:
    series = None if reading.compressed_scan is None else reading.compressed_scan.stub.series
    return 0 if series is None else series.index


def count_by_status(readings: Iterable[Reading]) -> dict[ReadingStatus, int]:
    """How many slices came to what, each kind named."""
    found = Counter(map(reading_status, readings))
    return {kind: found[kind] for kind in ReadingStatus}


def filter_and_sort(
    items: Sequence[WorklistItem], order: WorklistOrder, status: ReadingStatus | None = None
) -> list[WorklistItem]:
    """Entries with a slice of a kind, in an order that is the same on every run."""
    kept = [entry for entry in items if status is None or entry.status_counts[status]]
    if order is WorklistOrder.MOST_SUSPICIOUS:
        return sorted(kept, key=lambda entry: _priority(entry.most_suspicious))
    if order is WorklistOrder.PROBABILITY:
        return sorted(kept, key=lambda entry: -max(map(_sort_probability, entry.readings)))
    if order is WorklistOrder.NAME:
        return sorted(kept, key=lambda entry: entry.title.casefold())
    return kept
