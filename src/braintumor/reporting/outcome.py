"""Outcome: what a run of predict came to, counted and in words."""

from collections import Counter
from dataclasses import dataclass, field

from braintumor.reporting.words import count
from braintumor.vocabulary import RESEARCH_USE, Verdict


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    version: str
    seconds: float = 0.0
    kept: int = 0
    passed_over: int = 0
    failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def count(self, verdict: object, error: object) -> None:
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
            f"{count(read, 'scan')} read by {self.version} in {self.seconds:.1f} s{f': {counts}' if counts else ''}."
        ]
        if self.kept:
            said.append(f"{count(self.kept, 'row')} taken over from the run that was stopped.")
        if self.failed:
            said.append(f"{count(self.failed, 'file')} could not be read; the column `error` says why.")
        if self.passed_over:
            said.append(f"{count(self.passed_over, 'file')} of other kinds passed over.")
        return " ".join([*said, RESEARCH_USE])
