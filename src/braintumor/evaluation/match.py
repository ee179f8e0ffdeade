"""Match: how often a reader and a model were right on the same scans, and whether that tells them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from braintumor.evaluation.measures import Estimate

_LEVEL: Final = 0.95
_Z: Final = NormalDist().inv_cdf(0.5 + _LEVEL / 2)


@dataclass(frozen=True, slots=True)
class Bout:
    """One scan that both have answered: who was right, and which group the scan is of."""

    reader: bool
    model: bool
    group: str


@dataclass(frozen=True, slots=True)
class Match:
    """The score of some bouts.

    Attributes
    ----------
    reader, model : Estimate
        Share of right answers.
    ahead : Estimate
        The reader's share less the model's.
    """

    reader: Estimate
    model: Estimate
    ahead: Estimate

    @property
    def decided(self) -> bool:
        """Whether the interval of the difference leaves zero out."""
        low, high = self.ahead.interval or (-1.0, 1.0)
        return low > 0 or high < 0


def judge(bouts: Sequence[Bout]) -> Match:
    """Score some bouts, at least one.

    Scans of one group are not independent: intervals are as wide as if each group had been a single scan, which is
    cautious, and exact while no group has come twice. They hold for a number of bouts fixed beforehand; who looks
    after each of them meets a difference by chance more often.
    """
    n, groups = len(bouts), len({bout.group for bout in bouts})
    reader, model = sum(bout.reader for bout in bouts), sum(bout.model for bout in bouts)
    return Match(
        Estimate(reader / n, wilson(reader / n, groups), n, groups),
        Estimate(model / n, wilson(model / n, groups), n, groups),
        Estimate((reader - model) / n, _paired(bouts, groups), n, groups),
    )


def wilson(share: float, n: float) -> tuple[float, float]:
    """Score interval (95%) of a share measured on n independent things (Wilson 1927)."""
    z2 = _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = _Z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _paired(bouts: Sequence[Bout], n: int) -> tuple[float, float]:
    """Interval (95%) of the difference of two shares of the same things, one of either side added.

    Bonett and Price (2012), adjusted Wald; sound for few pairs, and for none on which the two differ.
    """
    one, other = (
        (n * sum(bout.reader is won and bout.model is not won for bout in bouts) / len(bouts) + 1) / (n + 2)
        for won in (True, False)
    )
    reach = _Z * math.sqrt((one + other - (one - other) ** 2) / (n + 2))
    return max(-1.0, one - other - reach), min(1.0, one - other + reach)


def sentence(match: Match, model: str) -> str:
    """What the score says of the two, and no more than it can."""
    by = Estimate(abs(match.ahead.value), _facing(match.ahead), match.ahead.n).points().removeprefix("+")
    if match.decided:
        who = f"You were right more often than {model}" if match.ahead.value > 0 else f"{model} was right more often"
        return f"{who}, by {by}."
    if match.ahead.value == 0:
        return f"You and {model} are level, {by}: not decided yet, either may be the better reader."
    who = "You are" if match.ahead.value > 0 else f"{model} is"
    return f"{who} ahead by {by}, which may be chance: the interval holds zero, so it is not decided yet."


def _facing(ahead: Estimate) -> tuple[float, float] | None:
    """The interval of the difference as the one who is ahead sees it."""
    if ahead.interval is None or ahead.value >= 0:
        return ahead.interval
    low, high = ahead.interval
    return -high, -low
