"""Measured quantities of both methods, the ratio of their medians, and the target of each ratio."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.baseline.process import Run


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantity of a run, how its ratio is computed, and the target of the ratio."""

    ratio: str
    title: str
    unit: str
    get: Callable[[Run], float]
    is_inverted: bool  # original / ours, for quantities where less is better
    target: float
    at_most: bool

    def value(self, ours: float, original: float) -> float:
        """Return the ratio of two medians."""
        return original / ours if self.is_inverted else ours / original

    def is_met(self, value: float) -> bool:
        """Whether a ratio meets the target."""
        return value <= self.target if self.at_most else value >= self.target


COMPARISONS: Final = (
    Comparison("throughput_ratio", "throughput", "images/s", lambda run: run.throughput, False, 5.0, at_most=False),
    Comparison(
        "cold_start_ratio", "start to first verdict", "s", lambda run: run.first_verdict, True, 5.0, at_most=False
    ),
    Comparison("memory_ratio", "peak memory", "MiB", lambda run: run.peak_megabytes, False, 0.25, at_most=True),
)


def compare_runs(ours: Sequence[Run], original: Sequence[Run]) -> dict[str, Any]:
    """Return the ratios, then the medians and all values of each method."""
    ratios: dict[str, float] = {}
    methods: dict[str, dict[str, Any]] = {"ours": {}, "original": {}}
    for comparison in COMPARISONS:
        medians = {}
        for method, runs in (("ours", ours), ("original", original)):
            values = [comparison.get(run) for run in runs]
            medians[method] = statistics.median(values)
            methods[method][comparison.title] = {"unit": comparison.unit, "median": medians[method], "values": values}
        ratios[comparison.ratio] = comparison.value(medians["ours"], medians["original"])
    stages = {
        stage: {key: statistics.median(run.stages[stage][key] for run in ours) for key in ("median", "p95")}
        for stage in ours[0].stages
    }
    bars = {c.ratio: {"bar": c.target, "at_most": c.at_most, "met": c.is_met(ratios[c.ratio])} for c in COMPARISONS}
    return {**ratios, "bars": bars, **methods, "stages_ms": stages}


def format_comparison(result: dict[str, Any]) -> str:
    """Format both methods as columns of a table."""
    lines = [
        f"{result['version']} on {result['n']} scans ({result['files']}), {result['cores']} cores, "
        f"median of {result['repeats']}:",
        f"{'':<24}{'ours':>12}{'original':>12}   ratio",
    ]
    for comparison in COMPARISONS:
        ours, original = (result[method][comparison.title]["median"] for method in ("ours", "original"))
        limit = f"{'at most' if comparison.at_most else 'at least'} {comparison.target:g}"
        outcome = "met" if result["bars"][comparison.ratio]["met"] else "NOT MET"
        lines.append(
            f"{comparison.title:<24}{ours:>12.4g}{original:>12.4g}   {result[comparison.ratio]:.3g} "
            f"({limit}: {outcome}) {comparison.unit}"
        )
    stages = ", ".join(f"{name} {spread['median']:.2f}" for name, spread in result["stages_ms"].items())
    return "\n".join([*lines, f"Milliseconds per scan, in sequence: {stages}."])
