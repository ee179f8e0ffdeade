"""The answer for each study, collected from the results of its slices."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from braintumor.imaging.file_bytes import sha256_hex
from braintumor.inference.study import StudyRule, StudySlice
from braintumor.inference.study.read_study import read_study
from braintumor.reporting.csv_export import CsvRow, study_row
from braintumor.reporting.study.result import StudyResult
from braintumor.services.reading_result import Reading, group_id


@dataclass(slots=True)
class _Members:
    """What was read of one study so far."""

    slices: list[StudySlice] = field(default_factory=list)
    rows: list[CsvRow] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # slices of each series in its file
    binary_threshold: float | None = None


class StudyCollector:
    """Collects the slices of each series and volume; it keeps neither scans nor masks."""

    def __init__(self, rule: StudyRule) -> None:
        self._rule = rule
        self._members: dict[tuple[str, str], _Members] = {}
        self._failed: dict[str, int] = {}
        self._last: tuple[str, str] | None = None

    def add(self, reading: Reading) -> None:
        """Add the result of one slice; pictures that belong to no series are ignored."""
        if reading.study_slice is None:
            if reading.error and reading.sha256:
                self._failed[reading.sha256] = self._failed.get(reading.sha256, 0) + 1
            return
        self._last = group_id(reading.id), reading.study_slice.volume
        members = self._members.setdefault(self._last, _Members())
        members.slices.append(reading.study_slice)
        members.rows.append(reading.row)
        if reading.detection is not None:
            members.binary_threshold = reading.detection.binary_threshold
            if series := reading.detection.series:
                members.counts[series.key] = series.count

    def results(self, *, is_complete: bool = True) -> list[StudyResult]:
        """Return the answer for each study with at least two slices, in the order of their first slices.

        Parameters
        ----------
        is_complete : bool
            Whether all slices were read; otherwise the study that was read last is left out.
        """
        return [
            self._result(key, members)
            for key, members in self._members.items()
            if len(members.slices) > 1 and (is_complete or key != self._last)
        ]

    def _result(self, key: tuple[str, str], members: _Members) -> StudyResult:
        hashes = sorted({str(row["sha256"] or "") for row in members.rows})
        unreadable = sum(self._failed.get(sha256, 0) for sha256 in hashes)
        reading = read_study(
            members.slices, self._rule, unreadable=unreadable,
            blank=max(0, sum(members.counts.values()) - len(members.slices) - unreadable),
            binary_threshold=members.binary_threshold,
        )  # fmt: skip
        return StudyResult(
            id=f"{key[0]}-study-{key[1]}",
            name=_study_name(members.slices),
            sha256=hashes[0] if len(hashes) == 1 else sha256_hex("".join(hashes).encode()),
            timestamp=max(str(row["timestamp"]) for row in members.rows),
            model_version=str(members.rows[0]["model_version"]),
            reading=reading,
            slices=tuple(members.slices),
        )


def collect_studies(readings: Iterable[Reading], rule: StudyRule, *, is_complete: bool = True) -> list[StudyResult]:
    """Return the answer for each study among readings; see `StudyCollector`."""
    collector = StudyCollector(rule)
    for reading in readings:
        collector.add(reading)
    return collector.results(is_complete=is_complete)


def study_csv_rows(results: Iterable[StudyResult]) -> list[CsvRow]:
    """Return the rows of the CSV for studies."""
    return [study_row(result) for result in results]


def _study_name(slices: list[StudySlice]) -> str:
    """Return the file name of a volume, with its time point, or the description of a series."""
    # Slices of one file are named after it: `volume.nii.gz [time point 2, axial 12]`.
    file, bracket, rest = slices[0].name.rpartition(" [")
    if not bracket:
        return slices[0].title or slices[0].name
    time_point, comma, _ = rest.rpartition(", ")
    return f"{file} [{time_point}]" if comma else file
