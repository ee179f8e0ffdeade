"""Effect sizes of hypothesis tests, with 95% confidence intervals."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from braintumor.results.metric import Metric


@dataclass(frozen=True, slots=True)
class ClassAverage:
    """Pixel-wise mean and standard deviation of a class, float arrays of one shape in [0, 1], with sample sizes."""

    mean: NDArray[np.floating]
    std: NDArray[np.floating]
    images: int
    groups: int


def subtract_estimates(a: Metric, b: Metric) -> Metric:
    """Return `a - b` of two independent estimates, with the interval by MOVER (Zou and Donner 2008)."""
    value = a.value - b.value
    if a.interval is None or b.interval is None:
        return Metric(value)
    low = value - math.hypot(a.value - a.interval[0], b.interval[1] - b.value)
    high = value + math.hypot(a.interval[1] - a.value, b.value - b.interval[0])
    return Metric(value, (low, high))


def max_cohens_d(a: ClassAverage, b: ClassAverage) -> Metric:
    """Compute the largest absolute Cohen's d of any pixel, with a simultaneous 95% interval (Bonferroni).

    The standard error is that of Hedges and Olkin (1985), with groups as the sample size because images of one group
    are not independent.
    """
    n, m = a.groups, b.groups
    std = np.sqrt((np.square(a.std, dtype=float) + np.square(b.std, dtype=float)) / 2)
    # Outside the head both classes are black without variation: a difference there is not evidence.
    has_variation = std > 1 / 255
    if not has_variation.any():
        return Metric(0.0, (0.0, 0.0), a.images + b.images, n + m)
    effect = float(np.max(np.abs(a.mean - b.mean)[has_variation] / std[has_variation]))
    error = math.sqrt(1 / n + 1 / m + effect**2 / (2 * (n + m)))
    margin = NormalDist().inv_cdf(1 - 0.05 / (2 * int(has_variation.sum()))) * error
    return Metric(effect, (max(0.0, effect - margin), effect + margin), a.images + b.images, n + m)
