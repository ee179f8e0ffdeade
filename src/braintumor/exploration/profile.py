"""Intensity profile: the values of a map along a line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
