"""Comparison: what is measured of each way, the ratio of the medians, and the bar each ratio has to clear."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.baseline.process import Run


@dataclass(frozen=True, slots=True)
class Measure:
    """One comparison: which number of a run, what the ratio means, and the bar it has to clear."""

    ratio: str
    title: str
    unit: str
    of: Callable[[Run], float]
    upside_down: bool  # original over ours, where less is better and the bar asks how many times less
    bar: float
    at_most: bool

    def value(self, ours: float, original: float) -> float:
        """The ratio of two medians."""
        return original / ours if self.upside_down else ours / original

    def met(self, value: float) -> bool:
        """Whether the ratio clears the bar."""
        return value <= self.bar if self.at_most else value >= self.bar


MEASURES: Final = (
    Measure("throughput_ratio", "throughput", "images/s", lambda r: r.throughput, False, 5.0, at_most=False),
    Measure("cold_start_ratio", "start to first verdict", "s", lambda r: r.first_verdict, True, 5.0, at_most=False),
    Measure("memory_ratio", "peak memory", "MiB", lambda r: r.peak_megabytes, False, 0.25, at_most=True),
)


def compared(ours: Sequence[Run], original: Sequence[Run]) -> dict[str, Any]:
    """Ratios first, then each way's medians and every single value."""
    ratios: dict[str, float] = {}
    ways: dict[str, dict[str, Any]] = {"ours": {}, "original": {}}
    for measure in MEASURES:
        medians = {}
        for way, runs in (("ours", ours), ("original", original)):
            values = [measure.of(each) for each in runs]
            medians[way] = statistics.median(values)
            ways[way][measure.title] = {"unit": measure.unit, "median": medians[way], "values": values}
        ratios[measure.ratio] = measure.value(medians["ours"], medians["original"])
    stages = {
        stage: {key: statistics.median(r.stages[stage][key] for r in ours) for key in ("median", "p95")}
        for stage in ours[0].stages
    }
    bars = {m.ratio: {"bar": m.bar, "at_most": m.at_most, "met": m.met(ratios[m.ratio])} for m in MEASURES}
    return {**ratios, "bars": bars, **ways, "stages_ms": stages}


def table(found: dict[str, Any]) -> str:
    """Both ways in columns, for a person."""
    lines = [
        f"{found['version']} on {found['n']} scans ({found['files']}), {found['cores']} cores, "
        f"median of {found['repeats']}:",
        f"{'':<24}{'ours':>12}{'original':>12}   ratio",
    ]
    for measure in MEASURES:
        ours, original = (found[way][measure.title]["median"] for way in ("ours", "original"))
        limit = f"{'at most' if measure.at_most else 'at least'} {measure.bar:g}"
        met = "met" if found["bars"][measure.ratio]["met"] else "NOT MET"
        lines.append(
            f"{measure.title:<24}{ours:>12.4g}{original:>12.4g}   {found[measure.ratio]:.3g} ({limit}: {met}) "
            f"{measure.unit}"
        )
    stages = ", ".join(f"{name} {spread['median']:.2f}" for name, spread in found["stages_ms"].items())
    return "\n".join([*lines, f"Milliseconds a scan, one after another: {stages}."])
