"""Hypotheses, their test results, and the status that follows from the confidence intervals."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from braintumor.results.metric import Metric, Metrics, MetricUnit, parse_metrics
from braintumor.settings import Settings

HYPOTHESES_FILE: Final = "experiments/hypotheses.json"


@dataclass(frozen=True, slots=True)
class Experiments:
    """Results of the experiments behind the hypotheses; empty if they were not run.

    Attributes
    ----------
    metrics : dict of str to dict of str to Metric
        By experiment: `visible`, `augmentation`, `masks` and `growth`.
    details : dict of str to dict
        By experiment: how it was run, and further data for its figure.
    """

    metrics: dict[str, Metrics] = field(default_factory=dict)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)

    def metric(self, experiment: str, name: str) -> Metric | None:
        """Return a metric of an experiment; None if it was not measured."""
        return self.metrics.get(experiment, {}).get(name)

    def detail(self, experiment: str, name: str, default: Any = None) -> Any:
        """Return a detail of an experiment."""
        return self.details.get(experiment, {}).get(name, default)


def read_experiments(settings: Settings) -> Experiments:
    """Read `outputs/experiments/hypotheses.json`; empty if it is missing or damaged."""
    try:
        content = json.loads((settings.outputs / HYPOTHESES_FILE).read_text(encoding="utf-8"))
        entries = {str(name): entry for name, entry in content["experiments"].items() if isinstance(entry, Mapping)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Experiments()
    metrics = {name: parse_metrics(entry.get("metrics")) for name, entry in entries.items()}
    details = {name: dict(entry["facts"]) for name, entry in entries.items() if isinstance(entry.get("facts"), Mapping)}
    return Experiments(metrics, details)


class HypothesisStatus(StrEnum):
    """Outcome of a test."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class HypothesisResult:
    """One metric of a test and its target.

    Attributes
    ----------
    label : str
    estimate : Metric or None
        None if it was not measured.
    target : float
    unit : {"percent", "points", "plain"}
        `points` is for differences, which have to exceed their target.
    command : str
        Command that measures it.
    """

    label: str
    estimate: Metric | None
    target: float
    unit: MetricUnit = "percent"
    command: str = ""

    @property
    def status(self) -> HypothesisStatus:
        """Supported if the whole interval reaches the target, not supported if none of it does, undecided otherwise."""
        if self.estimate is None or self.estimate.interval is None:
            return HypothesisStatus.UNDECIDED
        low, high = self.estimate.interval
        # A difference has to exceed zero; a score may equal its target.
        if low > self.target or (low == self.target and self.unit != "points"):
            return HypothesisStatus.SUPPORTED
        return HypothesisStatus.NOT_SUPPORTED if high < self.target else HypothesisStatus.UNDECIDED

    @property
    def estimate_text(self) -> str:
        """The estimate with its interval and sample size."""
        return "not measured" if self.estimate is None else self.estimate.describe(self.unit)

    @property
    def target_text(self) -> str:
        """The target, such as `at least 95%`."""
        if self.unit == "points":
            return "above 0"
        return f"at least {self.target:.0%}" if self.unit == "percent" else f"at least {self.target:.1f}"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A hypothesis with its test.

    Attributes
    ----------
    key, question, method : str
    test_results : tuple of HypothesisResult
    not_applicable : str
        Why the version cannot answer the question, as a sentence; there are no test results then.
    """

    key: str
    question: str
    method: str
    test_results: tuple[HypothesisResult, ...]
    not_applicable: str = ""

    @property
    def status(self) -> HypothesisStatus:
        """Supported if every test result is, not supported if one is not, undecided otherwise."""
        statuses = {result.status for result in self.test_results}
        if statuses == {HypothesisStatus.SUPPORTED}:
            return HypothesisStatus.SUPPORTED
        is_rejected = HypothesisStatus.NOT_SUPPORTED in statuses
        return HypothesisStatus.NOT_SUPPORTED if is_rejected else HypothesisStatus.UNDECIDED

    @property
    def commands(self) -> tuple[str, ...]:
        """Commands that measure what is missing, without repeats."""
        missing = (result.command for result in self.test_results if result.estimate is None and result.command)
        return tuple(dict.fromkeys(missing))

    @property
    def conclusion(self) -> str:
        """The reason for the status, as a sentence."""
        if self.not_applicable:
            return self.not_applicable
        if failed := self._labels(HypothesisStatus.NOT_SUPPORTED):
            return f"The whole confidence interval is below the target: {failed}."
        if missing := ", ".join(r.label for r in self.test_results if r.estimate is None):
            return f"Not measured yet: {missing}."
        if bare := ", ".join(r.label for r in self.test_results if r.estimate and r.estimate.interval is None):
            return f"Measured without a confidence interval, so no conclusion is possible: {bare}."
        if undecided := self._labels(HypothesisStatus.UNDECIDED):
            return f"The confidence interval includes the target: {undecided}."
        return "Every confidence interval reaches its target."

    def _labels(self, status: HypothesisStatus) -> str:
        return ", ".join(result.label for result in self.test_results if result.status is status)
