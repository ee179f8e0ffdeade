"""Claims: findings against their bars, and the status that follows from the intervals alone."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from braintumor.evaluation.measures import Metric


class HypothesisStatus(StrEnum):
    """What a test says of a claim."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class TestResult:
    """One number of a test, against the value it had to reach.

    `estimate` is None where it was not measured; `command` then says how to measure it.
    """

    label: str
    estimate: Metric | None
    target: float
    unit: Literal["percent", "points", "plain"] = "percent"
    command: str = ""

    @property
    def status(self) -> HypothesisStatus:
        """Supported when the whole interval reaches the target, not supported when none of it does."""
        if self.estimate is None or self.estimate.interval is None:
            return HypothesisStatus.UNDECIDED
        low, high = self.estimate.interval
        # A difference has to leave zero behind; a score may equal its bar.
        if low > self.target or (low == self.target and self.unit != "points"):
            return HypothesisStatus.SUPPORTED
        return HypothesisStatus.NOT_SUPPORTED if high < self.target else HypothesisStatus.UNDECIDED

    @property
    def estimate_text(self) -> str:
        """The estimate in words."""
        return "not measured" if self.estimate is None else getattr(self.estimate, self.unit)()

    @property
    def target_text(self) -> str:
        """The target in words."""
        if self.unit == "points":
            return "above 0"
        return f"at least {self.target:.0%}" if self.unit == "percent" else f"at least {self.target:.1f}"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A claim, how it is tested, and what was found."""

    key: str
    question: str
    method: str
    test_results: tuple[TestResult, ...]
    not_applicable: str = ""
    """Why the version at hand can say nothing of the claim, as a sentence; there are no findings then."""

    @property
    def status(self) -> HypothesisStatus:
        """Supported when every finding is, not supported when any is not, else undecided."""
        found = {finding.status for finding in self.test_results}
        if found == {HypothesisStatus.SUPPORTED}:
            return HypothesisStatus.SUPPORTED
        return HypothesisStatus.NOT_SUPPORTED if HypothesisStatus.NOT_SUPPORTED in found else HypothesisStatus.UNDECIDED

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands that would measure what is missing, each once."""
        return tuple(dict.fromkeys(f.command for f in self.test_results if f.estimate is None and f.command))

    @property
    def conclusion(self) -> str:
        """One sentence on why the status is what it is."""
        if self.not_applicable:
            return self.not_applicable
        named = {status: [f.label for f in self.test_results if f.status is status] for status in HypothesisStatus}
        if failed := named[HypothesisStatus.NOT_SUPPORTED]:
            return f"Below the bar with its whole interval: {', '.join(failed)}."
        if missing := [f.label for f in self.test_results if f.estimate is None]:
            return f"Not measured yet: {', '.join(missing)}."
        if bare := [f.label for f in self.test_results if f.estimate is not None and f.estimate.interval is None]:
            return f"Measured without an interval, so that nothing follows: {', '.join(bare)}."
        if open_ := named[HypothesisStatus.UNDECIDED]:
            return f"The interval holds values on both sides of the bar: {', '.join(open_)}."
        return "Every interval lies wholly on the claimed side of its bar."
