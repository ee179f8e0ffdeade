"""Claims: findings against their bars, and the status that follows from the intervals alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal

from braintumor.results.metric import Metric, parse_metrics
from braintumor.settings import Settings

HYPOTHESES_FILE: Final = "experiments/hypotheses.json"


@dataclass(frozen=True, slots=True)
class Experiments:
    """What `braintumor hypotheses` measured, as `outputs/experiments/hypotheses.json` keeps it; empty where it was not run.

    Attributes
    ----------
    metrics : dict of str to dict of str to Estimate
        By experiment: `visible`, `augmentation`, `masks` and `growth`.
    facts : dict of str to dict
        By experiment: what a figure needs besides, and how it was run.
    """

    metrics: dict[str, dict[str, Metric]] = field(default_factory=dict)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)

    def metric(self, experiment: str, name: str) -> Metric | None:
        """One number of an experiment; None where it was not measured."""
        return self.metrics.get(experiment, {}).get(name)

    def detail(self, experiment: str, name: str, default: Any = None) -> Any:
        """One fact of an experiment."""
        return self.details.get(experiment, {}).get(name, default)


def read_experiments(settings: Settings) -> Experiments:
    """What was measured; empty where there is no file or it cannot be read."""
    try:
        found = json.loads((settings.outputs / HYPOTHESES_FILE).read_text(encoding="utf-8"))
        parts = {str(name): part for name, part in found["experiments"].items() if isinstance(part, Mapping)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Experiments()
    metrics = {name: parse_metrics(part.get("metrics")) for name, part in parts.items()}
    facts = {name: dict(part["facts"]) for name, part in parts.items() if isinstance(part.get("facts"), Mapping)}
    return Experiments(metrics, facts)


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
