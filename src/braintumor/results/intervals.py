"""Confidence intervals that are computed from counts while a page is shown."""

import math
from statistics import NormalDist
from typing import Final

CONFIDENCE_LEVEL: Final = 0.95
Z_SCORE: Final = NormalDist().inv_cdf(0.5 + CONFIDENCE_LEVEL / 2)


def wilson_interval(share: float, n: float) -> tuple[float, float]:
    """Compute the 95% score interval of a share of n independent scans (Wilson 1927)."""
    z2 = Z_SCORE**2
    center = (share + z2 / (2 * n)) / (1 + z2 / n)
    margin = Z_SCORE / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, center - margin), min(1.0, center + margin)
