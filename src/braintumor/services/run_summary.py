"""Counts of one run of `braintumor predict`, and its answers for studies, in sentences."""

from collections import Counter
from dataclasses import dataclass, field

from braintumor.enums import RESEARCH_USE, SkipReason, Verdict
from braintumor.imaging import SkippedScan
from braintumor.reporting.csv_export import to_one_line
from braintumor.reporting.study.result import StudyResult
from braintumor.text import VERDICT_TITLES, describe_skipped, pluralize, verdict_text


@dataclass(slots=True)
class RunSummary:
    """Counts of one run.

    Attributes
    ----------
    non_scans : int
        Number of skipped files that are no scans, in folders and on discs.
    skipped : list of str
        For each other file and slice that was skipped, what it is; see `SkipReason`.
    studies : list of StudyResult
        The answers for series and volumes.
    """

    version: str
    seconds: float = 0.0
    resumed: int = 0
    non_scans: int = 0
    failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    skipped: list[str] = field(default_factory=list)
    studies: list[StudyResult] = field(default_factory=list)

    def count_row(self, verdict: object, error: object) -> None:
        """Count one row."""
        if error:
            self.failed += 1
        else:
            self.verdicts[str(verdict)] += 1

    def count_skipped(self, scan: SkippedScan) -> None:
        """Count a file or slice that was skipped."""
        if scan.reason == SkipReason.NOT_A_SCAN:
            self.non_scans += 1
        else:
            self.skipped.append(scan.reason)

    def __str__(self) -> str:
        """Return the summary as sentences for the user."""
        scans = pluralize(self.verdicts.total(), "scan")
        counts = ", ".join(f"{self.verdicts[v]} {verdict_text(v)}" for v in Verdict if self.verdicts[v])
        sentences = [f"{scans} read by {self.version} in {self.seconds:.1f} s{f': {counts}' if counts else ''}."]
        if self.resumed:
            sentences.append(f"{pluralize(self.resumed, 'row')} reused from the previous run.")
        if self.failed:
            sentences.append(f"{pluralize(self.failed, 'file')} could not be read; see the `error` column.")
        if self.skipped:
            sentences.append(describe_skipped(self.skipped))
        if self.non_scans:
            sentences.append(f"{pluralize(self.non_scans, 'file')} skipped because of an unsupported format.")
        lines = [
            f"{to_one_line(each.name)}: {VERDICT_TITLES[each.reading.verdict]}. {each.reading.reason}"
            for each in self.studies
        ]
        return "\n".join([*lines, " ".join([*sentences, RESEARCH_USE])])
