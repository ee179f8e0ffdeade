"""Effect size and significance of class differences at each pixel, and profiles of maps along a line."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.exploration.accumulators import Moments

# False discovery rates that are stored; 0.05 is the default.
FDR_LEVELS: Final = (0.05, 0.01, 0.001)
# With fewer groups in a class, its standard deviation is too uncertain.
MIN_GROUPS: Final = 5
# Pixels that vary by less than half a grey level are background and are not tested.
_MIN_STD: Final = 0.5 / 255

Point = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Difference of two classes at each pixel, a minus b.

    Attributes
    ----------
    size : ndarray of float32, shape (height, width)
        Hedges' g: difference of the group means, in pooled standard deviations over groups.
    levels_passed : ndarray of uint8, shape (height, width)
        Number of `levels` at which the pixel is significant.
    levels : tuple of float
        False discovery rates, in descending order.
    """

    size: NDArray[np.float32]
    levels_passed: NDArray[np.uint8]
    levels: tuple[float, ...] = FDR_LEVELS

    def significant_pixels(self, level: float = FDR_LEVELS[0]) -> NDArray[np.bool_]:
        """Return the pixels that differ significantly at a false discovery rate.

        Raises
        ------
        ValueError
            `level` is not one of `levels`.
        """
        if level not in self.levels:
            raise ValueError(f"Significance is stored for the levels {self.levels}, not for {level}.")
        return self.levels_passed > self.levels.index(level)


def compute_effect(a: Moments, b: Moments) -> Effect | None:
    """Compute effect size and significance from the moments of two classes.

    Uses Hedges' g (Hedges 1981), Welch's t-test for unequal variances, and the Benjamini-Hochberg procedure (1995)
    over all pixels that vary. The unit is the group, because images of one patient are not independent. Needs scipy.

    Parameters
    ----------
    a, b : Moments
        Moments over groups: each array is the mean image of one group.

    Returns
    -------
    Effect or None
        None if a class has fewer than `MIN_GROUPS` groups.
    """
    if min(a.count, b.count) < MIN_GROUPS:
        return None
    from scipy import stats

    pooled = np.sqrt((a.m2 + b.m2) / (a.count + b.count - 2))
    tested = pooled > _MIN_STD
    correction = 1 - 3 / (4 * (a.count + b.count) - 9)
    size = np.zeros(a.mean.shape, np.float32)
    size[tested] = correction * (a.mean - b.mean)[tested] / pooled[tested]
    levels_passed = np.zeros(a.mean.shape, np.uint8)
    if tested.any():
        p = stats.ttest_ind_from_stats(
            a.mean[tested], a.std(ddof=1)[tested], a.count,
            b.mean[tested], b.std(ddof=1)[tested], b.count, equal_var=False,
        ).pvalue  # fmt: skip
        rate = stats.false_discovery_control(p, method="bh")
        levels_passed[tested] = sum((rate <= level).astype(np.uint8) for level in FDR_LEVELS)
    return Effect(size, levels_passed)


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Values of a map along a line; all arrays have one element per sample.

    Attributes
    ----------
    distance : ndarray of float64
        Distance from the start, in pixels.
    x, y : ndarray of float64
        Column and row of each sample.
    values : ndarray of float64
        Value of the map, interpolated between pixel centres.
    """

    distance: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float64]


def sample_profile(values: NDArray, start: Point, end: Point, samples: int | None = None) -> Profile:
    """Sample a map along a line with bilinear interpolation.

    Parameters
    ----------
    values : ndarray, shape (height, width)
    start, end : (x, y)
        Column and row, in pixels; points outside the map are moved to its edge.
    samples : int, optional
        Number of samples; about one per pixel by default.
    """
    height, width = values.shape
    ends = np.clip([start, end], 0.0, [width - 1.0, height - 1.0])
    length = float(np.hypot(*(ends[1] - ends[0])))
    count = samples or max(2, round(length) + 1)
    x, y = np.linspace(ends[0], ends[1], count).T
    left, top = np.minimum(x.astype(int), max(0, width - 2)), np.minimum(y.astype(int), max(0, height - 2))
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left, y - top
    grid = np.asarray(values, np.float64)
    upper = grid[top, left] * (1 - across) + grid[top, right] * across
    lower = grid[below, left] * (1 - across) + grid[below, right] * across
    return Profile(np.linspace(0.0, length, count), x, y, upper * (1 - down) + lower * down)
