"""Size of a segmented tumour: the largest connected component of a mask and its maximal Feret diameter."""

import numpy as np
from numpy.typing import NDArray

from braintumor.imaging.picture.components import find_runs, label_runs

PixelSpacing = tuple[float, float]


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the largest connected component of a mask (8-connectivity).

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)

    Returns
    -------
    ndarray of int64, shape (n, 3)
        Its runs of pixels: row, first column, column after the last. The topmost of components of equal size; no rows
        for an empty mask.
    """
    runs = find_runs(mask)
    labels = label_runs(runs)
    if not len(runs):
        return runs
    pixels = np.bincount(labels, weights=runs[:, 2] - runs[:, 1])
    return runs[labels == int(pixels.argmax())]


def max_feret_diameter(runs: NDArray[np.int64], spacing: PixelSpacing = (1.0, 1.0)) -> float:
    """Return the longest distance between two points of a component, from pixel edge to pixel edge.

    Parameters
    ----------
    runs : ndarray of int64, shape (n, 3)
        From `largest_component`.
    spacing : (float, float)
        Distance between rows and between columns; the result has the same unit.
    """
    if not len(runs):
        return 0.0
    corners = np.concatenate(
        [np.column_stack([runs[:, 0] + down, runs[:, side]]) for down in (0, 1) for side in (1, 2)]
    )
    hull = _convex_hull(np.unique(corners, axis=0)) * np.asarray(spacing, np.float64)
    return float(np.sqrt(np.square(hull[:, None] - hull[None]).sum(axis=2).max()))


def _convex_hull(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corners of the convex hull of sorted points, shape (m, 2) (monotone chain, Andrew 1979)."""

    def chain(ordered: list[list[int]]) -> list[list[int]]:
        corners: list[list[int]] = []
        for y, x in ordered:
            while len(corners) > 1:
                (y0, x0), (y1, x1) = corners[-2:]
                if (y1 - y0) * (x - x0) - (x1 - x0) * (y - y0) > 0:
                    break
                corners.pop()
            corners.append([y, x])
        return corners[:-1]

    forward = points.tolist()
    return np.array(chain(forward) + chain(forward[::-1]), np.int64)
