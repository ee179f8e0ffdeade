"""Match: how often a reader and a model were right on the same scans, and whether that tells them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from braintumor.results.metric import Metric

_CONFIDENCE_LEVEL: Final = 0.95
_Z_SCORE: Final = NormalDist().inv_cdf(0.5 + _CONFIDENCE_LEVEL / 2)


@dataclass(frozen=True, slots=True)
class PairedReading:
    """One scan that both have answered: who was right, and which group the scan is of."""

    is_reader_correct: bool
    is_model_correct: bool
    group: str


@dataclass(frozen=True, slots=True)
class ReaderComparison:
    """The score of some bouts.

    Attributes
    ----------
    reader, model : Estimate
        Share of right answers.
    ahead : Estimate
        The reader's share less the model's.
    """

    reader: Metric
    model: Metric
    difference: Metric

    @property
    def is_significant(self) -> bool:
        """Whether the interval of the difference leaves zero out."""
        low, high = self.difference.interval or (-1.0, 1.0)
        return low > 0 or high < 0


def compare_reader(readings: Sequence[PairedReading]) -> ReaderComparison:
    """Score some bouts, at least one.

    Scans of one group are not independent: intervals are as wide as if each group had been a single scan, which is
    cautious, and exact while no group has come twice. They hold for a number of bouts fixed beforehand; who looks
    after each of them meets a difference by chance more often.
    """
    n, groups = len(readings), len({bout.group for bout in readings})
    reader, model = sum(bout.is_reader_correct for bout in readings), sum(bout.is_model_correct for bout in readings)
    return ReaderComparison(
        Metric(reader / n, wilson_interval(reader / n, groups), n, groups),
        Metric(model / n, wilson_interval(model / n, groups), n, groups),
        Metric((reader - model) / n, _paired_interval(readings, groups), n, groups),
    )


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """Score interval (95%) of a share measured on n independent things (Wilson 1927)."""
    z2 = _Z_SCORE**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z_SCORE / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _paired_interval(readings: Sequence[PairedReading], n: int) -> tuple[float, float]:
    """Interval (95%) of the difference of two shares of the same things, one of either side added.

    Bonett and Price (2012), adjusted Wald; sound for few pairs, and for none on which the two differ.
    """
    one, other = (
        (
            n
            * sum(bout.is_reader_correct is won and bout.is_model_correct is not won for bout in readings)
            / len(readings)
            + 1
        )
        / (n + 2)
        for won in (True, False)
    )
    reach = _Z_SCORE * math.sqrt((one + other - (one - other) ** 2) / (n + 2))
    return max(-1.0, one - other - reach), min(1.0, one - other + reach)


def summarize_reader_comparison(comparison: ReaderComparison, model: str) -> str:
    """What the score says of the two, and no more than it can."""
    by = (
        Metric(abs(comparison.difference.value), _leader_interval(comparison.difference), comparison.difference.n)
        .points()
        .removeprefix("+")
    )
    if comparison.is_significant:
        who = (
            f"You were right more often than {model}"
            if comparison.difference.value > 0
            else f"{model} was right more often"
        )
        return f"{who}, by {by}."
    if comparison.difference.value == 0:
        return f"You and {model} are level, {by}: not decided yet, either may be the better reader."
    who = "You are" if comparison.difference.value > 0 else f"{model} is"
    return f"{who} ahead by {by}, which may be chance: the interval holds zero, so it is not decided yet."


def _leader_interval(difference: Metric) -> tuple[float, float] | None:
    """The interval of the difference as the one who is ahead sees it."""
    if difference.interval is None or difference.value >= 0:
        return difference.interval
    low, high = difference.interval
    return -high, -low
