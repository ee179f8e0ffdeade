"""Outcome: what a run of predict came to, counted and in words."""

from collections import Counter
from dataclasses import dataclass, field

from braintumor.reporting.words import pluralize
from braintumor.vocabulary import RESEARCH_USE, Verdict


@dataclass(slots=True)
class RunSummary:
    """What a run came to."""

    version: str
    seconds: float = 0.0
    resumed: int = 0
    skipped: int = 0
    failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def count_row(self, verdict: object, error: object) -> None:
        """Take one row in."""
        if error:
            self.failed += 1
        else:
            self.verdicts[str(verdict)] += 1

    def __str__(self) -> str:
        """A few sentences for the person who ran it."""
        read = self.verdicts.total()
        counts = ", ".join(f"{self.verdicts[v]} {v}" for v in Verdict if self.verdicts[v])
        said = [
            f"{pluralize(read, 'scan')} read by {self.version} in {self.seconds:.1f} s{f': {counts}' if counts else ''}."
        ]
        if self.resumed:
            said.append(f"{pluralize(self.resumed, 'row')} taken over from the run that was stopped.")
        if self.failed:
            said.append(f"{pluralize(self.failed, 'file')} could not be read; the column `error` says why.")
        if self.skipped:
            said.append(f"{pluralize(self.skipped, 'file')} of other kinds passed over.")
        return " ".join([*said, RESEARCH_USE])
