"""Connected components of a mask as runs of pixels; numpy only, so that serving needs no scipy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Connected components of a mask (8-connectivity).

    Attributes
    ----------
    runs : ndarray of int64, shape (n, 3)
        Row, first column and column after the last of every run of pixels.
    labels : ndarray of int64, shape (n,)
        Component of each run, from 0.
    boxes : ndarray of int64, shape (components, 4)
        Left, top, right and bottom of each component; right and bottom exclusive.
    areas, run_counts : ndarray of int64, shape (components,)
        Number of pixels and of runs of each component.
    """

    runs: NDArray[np.int64]
    labels: NDArray[np.int64]
    boxes: NDArray[np.int64]
    areas: NDArray[np.int64]
    run_counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas)

    def peaks(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the brightest value of each component in the pixels (height, width) of the mask."""
        peaks = np.zeros(len(self), np.int64)
        if len(self.runs):
            width = pixels.shape[1]
            flat = np.append(pixels.ravel(), np.uint8(0))
            bounds = np.column_stack(
                [self.runs[:, 0] * width + self.runs[:, 1], self.runs[:, 0] * width + self.runs[:, 2]]
            )
            values = np.maximum.reduceat(flat, bounds.ravel())[::2]
            np.maximum.at(peaks, self.labels, values)
        return peaks

    def touching(self, region: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
        """Return which components touch a region on a grid reduced by `factor`, shape (components,)."""
        rows, starts, ends = self.runs.T
        height, width = region.shape
        counts = np.zeros((height, width + 1), np.int64)
        np.cumsum(region, axis=1, out=counts[:, 1:])
        rows = np.minimum(rows // factor, height - 1)
        first, last = np.minimum(starts // factor, width - 1), np.minimum((ends - 1) // factor, width - 1)
        touching = np.zeros(len(self), bool)
        touching[self.labels[counts[rows, last + 1] > counts[rows, first]]] = True
        return touching

    def to_mask(self, selected: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the pixels of the selected components, shape (height, width)."""
        edges = np.zeros((shape[0], shape[1] + 1), np.int8)
        runs = self.runs[selected[self.labels]] if len(self.runs) else self.runs
        edges[runs[:, 0], runs[:, 1]] += 1
        edges[runs[:, 0], runs[:, 2]] -= 1
        return np.cumsum(edges[:, :-1], axis=1, dtype=np.int8).astype(bool)


def find_components(mask: NDArray[np.bool_]) -> Components:
    """Find the connected components of a mask (height, width)."""
    runs = find_runs(mask)
    roots, labels = np.unique(label_runs(runs), return_inverse=True)
    boxes = np.empty((len(roots), 4), np.int64)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.int64).max, 0
    np.minimum.at(boxes[:, 0], labels, runs[:, 1])
    np.minimum.at(boxes[:, 1], labels, runs[:, 0])
    np.maximum.at(boxes[:, 2], labels, runs[:, 2])
    np.maximum.at(boxes[:, 3], labels, runs[:, 0] + 1)
    areas = np.bincount(labels, weights=runs[:, 2] - runs[:, 1], minlength=len(roots)).astype(np.int64)
    return Components(runs, labels, boxes, areas, np.bincount(labels, minlength=len(roots)))


def find_runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find row, start and end of every run of pixels, from top to bottom and left to right."""
    height, width = mask.shape
    edges = np.empty((height, width + 1), np.bool_)
    edges[:, 0], edges[:, -1] = mask[:, 0], mask[:, -1]
    np.not_equal(mask[:, 1:], mask[:, :-1], out=edges[:, 1:-1])
    # Starts and ends take turns, and each row has as many of the one as of the other.
    rows, columns = np.divmod(np.flatnonzero(edges).reshape(-1, 2), width + 1)
    return np.column_stack([rows[:, 0], columns]).astype(np.int64, copy=False)


def label_runs(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label each run with the index of the first run of its component.

    Runs are joined with the runs they touch in the row above (Rosenfeld and Pfaltz 1966), all pairs at once: the larger
    label of a pair points to the smaller one, and labels that point to others follow them.
    """
    rows, starts, ends = runs.T
    # Runs are sorted by row and column, and so are these positions.
    stride = int(ends.max(initial=0)) + 2
    row, row_above = rows * stride, (rows - 1) * stride
    first = np.searchsorted(row + ends, row_above + starts, "left")
    counts = np.maximum(np.searchsorted(row + starts, row_above + ends, "right") - first, 0)
    lower = np.repeat(np.arange(len(runs)), counts)
    upper = np.arange(len(lower)) + np.repeat(first - np.cumsum(counts) + counts, counts)
    labels = np.arange(len(runs))
    while True:
        smaller = np.minimum(labels[lower], labels[upper])
        larger = np.maximum(labels[lower], labels[upper])
        if np.array_equal(smaller, larger):
            return labels
        np.minimum.at(labels, larger, smaller)
        while not np.array_equal(labels, parents := labels[labels]):
            labels = parents
