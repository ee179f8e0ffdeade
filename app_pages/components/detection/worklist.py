"""Worklist: one item per slice or series, with its status, sorting and filtering."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from braintumor.enums import Verdict
from braintumor.inference.study import PlaneReading
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading, group_id
from braintumor.text import UNREADABLE_TITLE, VERDICT_TITLES


class ReadingStatus(StrEnum):
    """Status of a slice in the words of its verdict, most suspicious first."""

    SUSPECTED = VERDICT_TITLES[Verdict.TUMOR_SUSPECTED]
    UNCERTAIN = VERDICT_TITLES[Verdict.UNCERTAIN]
    FAILED = UNREADABLE_TITLE
    REJECTED = VERDICT_TITLES[Verdict.NOT_BRAIN_MRI]
    NO_TUMOR = VERDICT_TITLES[Verdict.NO_TUMOR_FOUND]
    OUTSIDE_FIELD = VERDICT_TITLES[Verdict.OUTSIDE_FIELD]


class WorklistOrder(StrEnum):
    """Sort order of the worklist."""

    MOST_SUSPICIOUS = "Most suspicious first"
    PROBABILITY = "Tumour probability"
    NAME = "File name"
    UPLOAD = "Upload order"


_STATUS_OF_VERDICT: Final = {verdict: ReadingStatus(title) for verdict, title in VERDICT_TITLES.items()}
_STATUS_PRIORITY: Final = list(ReadingStatus)
# Names of the theme's colours, as for verdicts.
READING_STATUS_TONES: Final = {
    ReadingStatus.SUSPECTED: "red",
    ReadingStatus.UNCERTAIN: "orange",
    ReadingStatus.FAILED: "gray",
    ReadingStatus.REJECTED: "gray",
    ReadingStatus.NO_TUMOR: "green",
    ReadingStatus.OUTSIDE_FIELD: "gray",
}


def reading_status(reading: Reading) -> ReadingStatus:
    """Return the status of a slice."""
    return ReadingStatus.FAILED if reading.detection is None else _STATUS_OF_VERDICT[reading.detection.verdict]


def _priority(reading: Reading) -> tuple[int, float]:
    return _STATUS_PRIORITY.index(reading_status(reading)), -_sort_probability(reading)


def _sort_probability(reading: Reading) -> float:
    """Return the tumour probability; images without a result are below all others, and unreadable files last."""
    if reading.detection is None:
        return -2.0
    return reading.detection.tumor_probability if reading.detection.verdict.has_result else -1.0


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """A line of the worklist: one slice, or the slices of a series in slice order, with its answer once it is known."""

    title: str
    readings: tuple[Reading, ...]
    plane: PlaneReading | None = None

    @property
    def most_suspicious(self) -> Reading:
        """The slice to look at first: the key slice of a study, else the most suspicious one."""
        key_id = self.plane.key_slice.id if self.plane and self.plane.key_slice else ""
        index = self.index_of(key_id)
        return min(self.readings, key=_priority) if index is None else self.readings[index]

    @property
    def status(self) -> ReadingStatus:
        """Status of the whole series if its study was read, since one slice does not decide it; else of the slice."""
        return _STATUS_OF_VERDICT[self.plane.verdict] if self.plane else reading_status(self.most_suspicious)

    @property
    def score(self) -> float:
        """Tumour score of the whole series or slice; see `_sort_probability` for those without one."""
        if self.plane is None:
            return max(map(_sort_probability, self.readings))
        return -1.0 if self.plane.score is None else self.plane.score

    @property
    def priority(self) -> tuple[int, float]:
        """Sorts items by suspicion."""
        return _STATUS_PRIORITY.index(self.status), -self.score

    @property
    def status_counts(self) -> Counter[ReadingStatus]:
        """Number of slices by status."""
        return Counter(map(reading_status, self.readings))

    @property
    def slice_count(self) -> int:
        """Number of slices of the series in its file, with blank and unread ones; of a picture, 1."""
        scan = self.readings[0].compressed_scan
        series = None if scan is None else scan.stub.series
        return max(len(self.readings), 0 if series is None else series.count)

    def index_of(self, reading_id: str) -> int | None:
        """Return the index of a slice in this item, or None."""
        return next((i for i, reading in enumerate(self.readings) if reading.id == reading_id), None)


def build_worklist(readings: Iterable[Reading], studies: Iterable[StudyResult] = ()) -> list[WorklistItem]:
    """Group slices by series, in upload order."""
    planes = _planes_by_slice(studies)
    by_series: dict[str, list[Reading]] = {}
    for reading in readings:
        series = None if reading.compressed_scan is None else reading.compressed_scan.stub.series
        key = reading.id if series is None else f"{group_id(reading.id)} {series.key}"
        by_series.setdefault(key, []).append(reading)
    return [
        WorklistItem(_item_title(slices), tuple(sorted(slices, key=slice_index)), planes.get(slices[0].id))
        for slices in by_series.values()
    ]


def _planes_by_slice(studies: Iterable[StudyResult]) -> dict[str, PlaneReading]:
    """Return the answer for the plane of each slice."""
    planes: dict[str, PlaneReading] = {}
    for study in studies:
        by_stack = {plane.stack: plane for plane in study.reading.planes}
        planes |= {each.id: by_stack[each.stack] for each in study.slices}
    return planes


def _item_title(slices: Sequence[Reading]) -> str:
    scan = slices[0].compressed_scan
    series = None if scan is None else scan.stub.series
    if series is None or len(slices) == 1:
        return slices[0].name
    # Slices of one file are named after it: `volume.nii.gz [axial 12]`.
    file, bracket, _ = slices[0].name.rpartition(" [")
    return f"{series.title}, {file}" if bracket else series.title


def slice_index(reading: Reading) -> int:
    """Return the index of a slice in its series, from 0; blank slices count."""
    series = None if reading.compressed_scan is None else reading.compressed_scan.stub.series
    return 0 if series is None else series.index


def count_by_status(readings: Iterable[Reading]) -> dict[ReadingStatus, int]:
    """Count slices by status, including statuses with none."""
    counts = Counter(map(reading_status, readings))
    return {status: counts[status] for status in ReadingStatus}


def filter_and_sort(
    items: Sequence[WorklistItem], order: WorklistOrder, status: ReadingStatus | None = None
) -> list[WorklistItem]:
    """Return the items with a slice of a status; the order is the same on every run."""
    matching = [item for item in items if status is None or item.status_counts[status]]
    if order is WorklistOrder.MOST_SUSPICIOUS:
        return sorted(matching, key=lambda item: item.priority)
    if order is WorklistOrder.PROBABILITY:
        return sorted(matching, key=lambda item: -item.score)
    if order is WorklistOrder.NAME:
        return sorted(matching, key=lambda item: item.title.casefold())
    return matching
