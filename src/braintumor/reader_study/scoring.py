"""Accuracy of a reader and of a model on the same scans, and whether the difference is significant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from braintumor.results.intervals import Z_SCORE, wilson_interval
from braintumor.results.metric import Metric


@dataclass(frozen=True, slots=True)
class PairedReading:
    """One scan that both the reader and the model have classified."""

    is_reader_correct: bool
    is_model_correct: bool
    group: str


@dataclass(frozen=True, slots=True)
class ReaderComparison:
    """Accuracy of reader and model on some scans.

    Attributes
    ----------
    reader, model : Metric
        Accuracy.
    difference : Metric
        Accuracy of the reader minus that of the model.
    """

    reader: Metric
    model: Metric
    difference: Metric

    @property
    def is_significant(self) -> bool:
        """Whether the interval of the difference excludes zero."""
        low, high = self.difference.interval or (-1.0, 1.0)
        return low > 0 or high < 0


def compare_reader(readings: Sequence[PairedReading]) -> ReaderComparison:
    """Compare reader and model on at least one scan.

    Scans of one group are not independent: intervals are computed as if each group were a single scan, which is
    conservative, and exact if no group has more than one scan. They hold for a number of scans that is fixed in
    advance: looking after every scan finds a difference by chance more often.
    """
    n, groups = len(readings), len({reading.group for reading in readings})
    reader = sum(reading.is_reader_correct for reading in readings)
    model = sum(reading.is_model_correct for reading in readings)
    return ReaderComparison(
        Metric(reader / n, wilson_interval(reader / n, groups), n, groups),
        Metric(model / n, wilson_interval(model / n, groups), n, groups),
        Metric((reader - model) / n, _paired_interval(readings, groups), n, groups),
    )


def _paired_interval(readings: Sequence[PairedReading], n: int) -> tuple[float, float]:
    """Compute the 95% interval of the difference of two paired shares, with `n` as sample size.

    The adjusted Wald interval of Bonett and Price (2012), which also holds for few pairs and without disagreement.
    """

    def discordant_share(*, reader_wins: bool) -> float:
        share = sum(
            reading.is_reader_correct is reader_wins and reading.is_model_correct is not reader_wins
            for reading in readings
        ) / len(readings)
        return (n * share + 1) / (n + 2)

    reader, model = discordant_share(reader_wins=True), discordant_share(reader_wins=False)
    margin = Z_SCORE * math.sqrt((reader + model - (reader - model) ** 2) / (n + 2))
    return max(-1.0, reader - model - margin), min(1.0, reader - model + margin)


def summarize_reader_comparison(comparison: ReaderComparison, model: str) -> str:
    """Say who is more accurate, by how much, and whether that is decided."""
    difference = comparison.difference
    size = Metric(abs(difference.value), _leader_interval(difference), difference.n, difference.groups)
    text = size.describe("points").removeprefix("+")
    if comparison.is_significant:
        leader = f"You are more accurate than {model}" if difference.value > 0 else f"{model} is more accurate"
        return f"{leader}, by {text}."
    if difference.value == 0:
        return f"You and {model} are equally accurate so far, {text}: not decided yet."
    leader = "You are" if difference.value > 0 else f"{model} is"
    return f"{leader} ahead by {text}, but it is not decided yet: the interval includes zero."


def _leader_interval(difference: Metric) -> tuple[float, float] | None:
    """Return the interval of the difference with the sign of the leader."""
    if difference.interval is None or difference.value >= 0:
        return difference.interval
    low, high = difference.interval
    return -high, -low
