"""Size of an outlined tumour: its connected parts, and the longest straight line across the largest of them."""

import numpy as np
from numpy.typing import NDArray

PixelSpacing = tuple[float, float]


def largest_component(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The largest connected part of a mask; pixels that touch at a corner belong together.

    Runs of pixels within rows are joined where they touch runs of the row above (Rosenfeld and Pfaltz 1966).

    Parameters
    ----------
    mask : ndarray of bool, shape (height, width)

    Returns
    -------
    ndarray of int64, shape (n, 3)
        Its runs: row, first column, and the column behind the last. The topmost part where several are as large;
        no rows where the mask is empty.
    """
    runs = _find_runs(mask)
    part = _label_components(runs)
    if not len(runs):
        return runs
    pixels = np.bincount(part, weights=runs[:, 2] - runs[:, 1])
    return runs[part == int(pixels.argmax())]


def max_feret_diameter(runs: NDArray[np.int64], spacing: PixelSpacing = (1.0, 1.0)) -> float:
    """Longest distance between two points of a part, from pixel edge to pixel edge (the maximal Feret diameter).

    Parameters
    ----------
    runs : ndarray of int64, shape (n, 3)
        As `largest_part` gives them.
    spacing : (float, float)
        Distance from row to row and from column to column, in whatever unit the answer shall have.
    """
    if not len(runs):
        return 0.0
    corners = np.concatenate(
        [np.column_stack([runs[:, 0] + down, runs[:, side]]) for down in (0, 1) for side in (1, 2)]
    )
    hull = _convex_hull(np.unique(corners, axis=0)) * np.asarray(spacing, np.float64)
    return float(np.sqrt(np.square(hull[:, None] - hull[None]).sum(axis=2).max()))


def _find_runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Row, start and end of every run of pixels, from the top and from the left."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return np.column_stack([rows, starts, np.nonzero(edges == -1)[1]]).astype(np.int64)


def _label_components(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the part each run belongs to: that of its first run."""
    parents = list(range(len(runs)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    rows, starts, ends = runs.T.tolist()
    above = 0
    for run in range(len(runs)):
        while rows[above] < rows[run] - 1 or (rows[above] == rows[run] - 1 and ends[above] < starts[run]):
            above += 1
        other = above
        while rows[other] == rows[run] - 1 and starts[other] <= ends[run]:
            first, second = sorted((root(other), root(run)))
            parents[second] = first
            other += 1
    return np.array([root(run) for run in range(len(runs))], np.int64)


def _convex_hull(points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Corners of the convex hull of sorted points, shape (m, 2) (the monotone chain of Andrew 1979)."""

    def chain(given: list[list[int]]) -> list[list[int]]:
        kept: list[list[int]] = []
        for y, x in given:
            while len(kept) > 1:
                (y0, x0), (y1, x1) = kept[-2:]
                if (y1 - y0) * (x - x0) - (x1 - x0) * (y - y0) > 0:
                    break
                kept.pop()
            kept.append([y, x])
        return kept[:-1]

    ordered = points.tolist()
    return np.array(chain(ordered) + chain(ordered[::-1]), np.int64)
