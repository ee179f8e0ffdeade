"""The list of the reading room: slices of a series under one entry, what came of each, the order and the filter."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app_pages.components.readings import Reading, unit_of
from braintumor.vocabulary import Verdict


class Kind(StrEnum):
    """What came of a slice, worst first: the verdicts, and failure among them."""

    SUSPECTED = "Suspected"
    UNCLEAR = "Unclear"
    FAILED = "Failed"
    REFUSED = "Refused"
    CLEAR = "Clear"


class Order(StrEnum):
    """How the list is sorted."""

    WORST = "Worst first"
    PROBABILITY = "Tumour probability"
    NAME = "File name"
    UPLOAD = "As uploaded"


_KINDS: Final = {
    Verdict.TUMOR_SUSPECTED: Kind.SUSPECTED, Verdict.UNCERTAIN: Kind.UNCLEAR,
    Verdict.NO_TUMOR_FOUND: Kind.CLEAR, Verdict.NOT_BRAIN_MRI: Kind.REFUSED,
}  # fmt: skip
_WORST: Final = list(Kind)
# Names of the theme's own colours, as for verdicts.
KIND_TONES: Final = {
    Kind.SUSPECTED: "red", Kind.UNCLEAR: "orange", Kind.FAILED: "gray", Kind.REFUSED: "gray", Kind.CLEAR: "green",
}  # fmt: skip


def kind_of(reading: Reading) -> Kind:
    """What came of a slice."""
    return Kind.FAILED if reading.detection is None else _KINDS[reading.detection.verdict]


def _badness(reading: Reading) -> tuple[int, float]:
    return _WORST.index(kind_of(reading)), -_probability(reading)


def _probability(reading: Reading) -> float:
    """Tumour probability; below all others where none was looked for, and last of what could not be read."""
    if reading.detection is None:
        return -2.0
    return -1.0 if kind_of(reading) is Kind.REFUSED else reading.detection.tumor_probability


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the list: one slice, or the slices of a series in their order."""

    title: str
    readings: tuple[Reading, ...]

    @property
    def worst(self) -> Reading:
        """The slice to look at first."""
        return min(self.readings, key=_badness)

    @property
    def kinds(self) -> Counter[Kind]:
        """How many slices came to what."""
        return Counter(map(kind_of, self.readings))

    def index(self, reading_id: str) -> int | None:
        """Where a slice stands in it; None where it does not."""
        return next((i for i, reading in enumerate(self.readings) if reading.id == reading_id), None)


def entries_of(readings: Iterable[Reading]) -> list[Entry]:
    """Slices gathered under their series, in the order of the upload."""
    gathered: dict[str, list[Reading]] = {}
    for reading in readings:
        series = None if reading.picture is None else reading.picture.stub.series
        gathered.setdefault(reading.id if series is None else f"{unit_of(reading.id)} {series.key}", []).append(reading)
    return [Entry(_title(group), tuple(sorted(group, key=_place))) for group in gathered.values()]


def _title(group: Sequence[Reading]) -> str:
    picture = group[0].picture
    series = None if picture is None else picture.stub.series
    if series is None or len(group) == 1:
        return group[0].name
    # Slices of one file are named after it: `volume.nii.gz [axial 12]`.
    file, cut, _ = group[0].name.rpartition(" [")
    return f"{series.title}, {file}" if cut else series.title


def _place(reading: Reading) -> int:
    series = None if reading.picture is None else reading.picture.stub.series
    return 0 if series is None else series.index


def counts(readings: Iterable[Reading]) -> dict[Kind, int]:
    """How many slices came to what, each kind named."""
    found = Counter(map(kind_of, readings))
    return {kind: found[kind] for kind in Kind}


def chosen_entries(entries: Sequence[Entry], order: Order, kind: Kind | None = None) -> list[Entry]:
    """Entries with a slice of a kind, in an order that is the same on every run."""
    kept = [entry for entry in entries if kind is None or entry.kinds[kind]]
    if order is Order.WORST:
        return sorted(kept, key=lambda entry: _badness(entry.worst))
    if order is Order.PROBABILITY:
        return sorted(kept, key=lambda entry: -max(map(_probability, entry.readings)))
    if order is Order.NAME:
        return sorted(kept, key=lambda entry: entry.title.casefold())
    return kept
