"""Read a series or volume as far as its verdict needs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, SkippedScan
from braintumor.imaging.scan import SeriesPosition, SliceSource
from braintumor.imaging.scan_iterator import iter_slice_sources, read_slice
from braintumor.inference.detection import Detection
from braintumor.inference.study.plan import StackPlan
from braintumor.inference.study.read_study import read_study
from braintumor.inference.study.reading import StudyReading
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice, to_study_slice
from braintumor.settings import Settings

if TYPE_CHECKING:
    from braintumor.inference.model_card import ModelCard
    from braintumor.inference.registry import Artifact

# A file, a folder, an archive, its bytes, or slices in their order.
StudySource = bytes | str | Path | Sequence[Scan]
NamedFile = tuple[str, bytes | Path]


class ScanDetector(Protocol):
    """What reading a study needs of a `Detector`."""

    artifact: "Artifact"
    settings: Settings

    def detect_all(self, scans: Iterable[Scan], batch_size: int = 8) -> Iterator[Detection]:
        """Read scans in batches."""


def study_rule(card: "ModelCard") -> StudyRule:
    """Return the rule of a model; a card without one gives the defaults with the thresholds of single slices."""
    if card.study is not None:
        return card.study
    low, high = card.thresholds.rule_out, card.thresholds.rule_in
    default = StudyRule()
    return replace(default, rule_out=low, rule_in=high, plane_rule_in=max(high, default.plane_rule_in))


def detect_study(detector: ScanDetector, source: StudySource, name: str | None = None) -> StudyReading:
    """Read a study; see `Detector.detect_study`."""
    with ExitStack() as stack:
        failures: list[FailedScan] = []
        items: Iterable[SliceSource | Scan | FailedScan | SkippedScan]
        if isinstance(source, (bytes, str, Path)):
            items = iter_slice_sources(_files(source, name), detector.settings, stack)
        else:
            items = source
        sources = list(_open(items, failures))
        reader = _StudyReader(detector, sources, failures)
        reader.read_all()
    return reader.reading()


def detect_part(detector: ScanDetector, files: Sequence[NamedFile]) -> StudyReading | None:
    """Read a study as `detect_study` does, if less than half of its slices are needed; None otherwise.

    All slices may be needed where their distances are unknown or large, as of pictures.
    """
    failures: list[FailedScan] = []
    with ExitStack() as stack:
        sources = []
        for source in _open(iter_slice_sources(files, detector.settings, stack), failures):
            if not source.position.key:  # a picture, of which an archive can have thousands
                return None
            sources.append(source)
        reader = _StudyReader(detector, sources, failures)
        if not reader.is_partial:
            return None
        reader.read_all()
    return reader.reading()


class _StudyReader:
    """Reads slices of a study in batches, and keeps their results by index."""

    def __init__(self, detector: ScanDetector, sources: list[SliceSource], failures: list[FailedScan]) -> None:
        self._detector, self._sources, self._failures = detector, sources, failures
        self._rule = study_rule(detector.artifact.card)
        self._detections: dict[int, Detection] = {}
        self._read: set[int] = set()
        self._blank = 0

        stacks: dict[str, list[int]] = {}
        for index, source in enumerate(sources):
            if not source.position.is_reformatted:
                stacks.setdefault(source.position.key, []).append(index)
        self._plans = [
            (StackPlan([sources[index].position for index in indices], self._rule), indices)
            for indices in stacks.values()
        ]

    @property
    def is_partial(self) -> bool:
        """Whether the first pass reads less than half of the slices."""
        return 2 * sum(len(plan.coarse()) for plan, _ in self._plans) < len(self._sources)

    def read_all(self) -> None:
        """Read every stack coarsely, then around its suspicious slices."""
        self._read_slices(indices[each] for plan, indices in self._plans for each in plan.coarse())
        for plan, indices in self._plans:
            while following := plan.fine(self._results(indices)):
                self._read_slices(indices[each] for each in following)

    def reading(self) -> StudyReading:
        """Return the answer for what was read."""
        if not self._detections:
            problem = self._failures[0].problem if self._failures else "There is no slice to read. Select its files."
            raise ScanError(problem)
        order = sorted(self._detections)
        slices = [self._study_slice(index, str(number)) for number, index in enumerate(order)]
        reading = read_study(
            slices, self._rule, unreadable=len(self._failures), unread=len(self._sources) - len(self._read),
            blank=self._blank, binary_threshold=self._detector.artifact.card.binary_threshold,
        )  # fmt: skip
        return replace(reading, detections=tuple(self._detections[index] for index in order))

    def _results(self, indices: list[int]) -> dict[int, StudySlice]:
        return {
            number: self._study_slice(index, str(index))
            for number, index in enumerate(indices)
            if index in self._detections
        }

    def _study_slice(self, index: int, identifier: str) -> StudySlice:
        return to_study_slice(self._detections[index], identifier, self._sources[index].position.index)

    def _read_slices(self, indices: Iterable[int]) -> None:
        opened: list[int] = []

        def iter_scans() -> Iterator[Scan]:
            for index in indices:
                self._read.add(index)
                scan = read_slice(self._sources[index])
                if isinstance(scan, FailedScan):
                    self._failures.append(scan)
                elif scan is None:
                    self._blank += 1
                else:
                    opened.append(index)
                    yield scan

        for number, detection in enumerate(self._detector.detect_all(iter_scans())):
            self._detections[opened[number]] = detection


def _open(
    items: Iterable[SliceSource | Scan | FailedScan | SkippedScan], failures: list[FailedScan]
) -> Iterator[SliceSource]:
    """Yield the slices of a study without decoding them, and add what cannot be read to the failures."""
    pictures = 0
    for item in items:
        if isinstance(item, FailedScan):
            failures.append(item)
        elif isinstance(item, Scan):
            position = item.series or SeriesPosition("", "", pictures, 0)
            pictures += item.series is None
            yield SliceSource(item.name, item.sha256, position, partial(_same, item))
        elif not isinstance(item, SkippedScan):
            yield item


def _same(scan: Scan) -> Scan:
    return scan


def _files(source: bytes | str | Path, name: str | None) -> list[NamedFile]:
    """List the files of a source; a folder with its subfolders, in order of their names."""
    if isinstance(source, bytes):
        return [(name or "study", source)]
    path = Path(source)
    if not path.is_dir():
        return [(name or path.name, path)]
    files = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
    return [(file.relative_to(path).as_posix(), file) for file in files]
