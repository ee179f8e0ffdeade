"""How much two classes differ at each pixel, in standard deviations, and where that is more than noise."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.exploration.accumulators import Moments

# False discovery rates told apart; 0.05 is the one spoken of unless said otherwise.
FDR_LEVELS: Final = (0.05, 0.01, 0.001)
# Below this many groups on a side no standard deviation worth the name can be had.
MIN_GROUPS: Final = 5
# Pixels whose groups differ less than half a grey level are background: they are not tested.
_MIN_STD: Final = 0.5 / 255


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Difference of two classes, a minus b, at each pixel.

    Attributes
    ----------
    size : ndarray of float32, shape (height, width)
        Hedges' g: difference of the means over groups, in pooled standard deviations of groups.
    passed : ndarray of uint8, shape (height, width)
        How many of `levels` the pixel's false discovery rate stays at or below.
    levels : tuple of float
        False discovery rates, falling.
    """

    size: NDArray[np.float32]
    levels_passed: NDArray[np.uint8]
    levels: tuple[float, ...] = FDR_LEVELS

    def significant_pixels(self, level: float = FDR_LEVELS[0]) -> NDArray[np.bool_]:
        """Pixels called different at a false discovery rate.

        Raises
        ------
        ValueError
            The rate is not one of `levels`.
        """
        if level not in self.levels:
            raise ValueError(f"Significance was counted at {self.levels}, not at {level}.")
        return self.levels_passed > self.levels.index(level)


def compute_effect(a: Moments, b: Moments) -> Effect | None:
    """Compare two classes, given the moments of their group means.

    Hedges' g (Hedges 1981), Welch's t-test for unequal variances, and the procedure of Benjamini and Hochberg (1995)
    over the pixels that vary at all. Groups are the unit, as images of one patient are not independent.

    Parameters
    ----------
    a, b : Moments
        Over groups: each array taken in was the mean image of one group.

    Returns
    -------
    Effect or None
        None where a side has fewer than `MIN_GROUPS` groups. Needs scipy.
    """
    if min(a.count, b.count) < MIN_GROUPS:
        return None
    from scipy import stats

    pooled = np.sqrt((a.m2 + b.m2) / (a.count + b.count - 2))
    tested = pooled > _MIN_STD
    correction = 1 - 3 / (4 * (a.count + b.count) - 9)
    size = np.zeros(a.mean.shape, np.float32)
    size[tested] = correction * (a.mean - b.mean)[tested] / pooled[tested]
    passed = np.zeros(a.mean.shape, np.uint8)
    if tested.any():
        means, deviations = (a.mean, b.mean), (a.std(ddof=1), b.std(ddof=1))
        p = stats.ttest_ind_from_stats(
            means[0][tested], deviations[0][tested], a.count,
            means[1][tested], deviations[1][tested], b.count, equal_var=False,
        ).pvalue  # fmt: skip
        rate = stats.false_discovery_control(p, method="bh")
        passed[tested] = sum((rate <= level).astype(np.uint8) for level in FDR_LEVELS)
    return Effect(size, passed)


Point = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Values along a line; all arrays have one entry per sample.

    Attributes
    ----------
    distance : ndarray of float64
        From the start, in pixels.
    x, y : ndarray of float64
        Column and row of each sample.
    values : ndarray of float64
        The map there, interpolated between pixel centres.
    """

    distance: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    values: NDArray[np.float64]


def sample_profile(values: NDArray, start: Point, end: Point, samples: int | None = None) -> Profile:
    """Read a map along a line, bilinearly.

    Parameters
    ----------
    values : ndarray, shape (height, width)
    start, end : (x, y)
        Column and row, in pixels; points beyond the edge are moved onto it.
    samples : int, optional
        How many; about one per pixel by default.
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
