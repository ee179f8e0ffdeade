"""Effects: differences of scores and of class images, with intervals. numpy only."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.measures import Metric


@dataclass(frozen=True, slots=True)
class ClassAverage:
    """Average and standard deviation of a class, float arrays of one shape, over `images` from `groups` groups."""

    mean: NDArray[np.floating]
    std: NDArray[np.floating]
    images: int
    groups: int


def subtract_estimates(a: Metric, b: Metric) -> Metric:
    """`a - b` of two independent estimates; the interval by MOVER (Zou and Donner 2008) from their own intervals."""
    value = a.value - b.value
    if a.interval is None or b.interval is None:
        return Metric(value)
    low = value - math.hypot(a.value - a.interval[0], b.interval[1] - b.value)
    high = value + math.hypot(a.interval[1] - a.value, b.value - b.interval[0])
    return Metric(value, (low, high))


def max_cohens_d(one: ClassAverage, other: ClassAverage) -> Metric:
    """Largest absolute Cohen's d of any pixel, with a 95% interval over all pixels at once (Bonferroni).

    The standard error is that of Hedges and Olkin (1985), with groups for the sample sizes since images of a group are
    not independent.
    """
    n, m = one.groups, other.groups
    spread = np.sqrt((np.square(one.std, dtype=float) + np.square(other.std, dtype=float)) / 2)
    # Outside the head both classes are black without variation: no difference there is evidence of anything.
    usable = spread > 1 / 255
    if not usable.any():
        return Metric(0.0, (0.0, 0.0), one.images + other.images, n + m)
    effect = float(np.max(np.abs(one.mean - other.mean)[usable] / spread[usable]))
    error = math.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    reach = NormalDist().inv_cdf(1 - 0.05 / (2 * int(usable.sum()))) * error
    return Metric(effect, (max(0.0, effect - reach), effect + reach), one.images + other.images, n + m)
