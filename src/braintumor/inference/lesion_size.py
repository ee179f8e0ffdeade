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
    # A component has runs in all rows from its first to its last, and its outermost columns lie on its hull.
    row_starts = np.flatnonzero(np.diff(runs[:, 0], prepend=-1))
    left = np.minimum.reduceat(runs[:, 1], row_starts)
    right = np.maximum.reduceat(runs[:, 2], row_starts)
    edges = np.arange(runs[0, 0], runs[-1, 0] + 2)
    left = np.minimum(np.append(left, left[-1]), np.insert(left, 0, left[0]))
    right = np.maximum(np.append(right, right[-1]), np.insert(right, 0, right[0]))
    hull = _convex_hull(edges, left, right) * np.asarray(spacing, np.float64)
    return float(np.sqrt(np.square(hull[:, None] - hull[None]).sum(axis=2).max()))


def _convex_hull(rows: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the corners of the convex hull of rows and their outermost columns (monotone chain, Andrew 1979).

    Parameters
    ----------
    rows, left, right : ndarray of int64, shape (n,)
        Rows in ascending order, and the first and last column of each.

    Returns
    -------
    ndarray of int64, shape (m, 2)
        Row and column of each corner.
    """

    def chain(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
        corners: list[tuple[int, int]] = []
        for y, x in points:
            while len(corners) > 1:
                (y0, x0), (y1, x1) = corners[-2:]
                if (y1 - y0) * (x - x0) - (x1 - x0) * (y - y0) > 0:
                    break
                corners.pop()
            corners.append((y, x))
        return corners[:-1]

    y = rows.tolist()
    down, up = list(zip(y, left.tolist(), strict=True)), list(zip(y, right.tolist(), strict=True))[::-1]
    return np.array(chain([*down, up[0]]) + chain([*up, down[0]]), np.int64)
