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
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return np.column_stack([rows, starts, np.nonzero(edges == -1)[1]]).astype(np.int64)


def label_runs(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label each run with the index of the first run of its component.

    Runs are joined with the runs they touch in the row above (Rosenfeld and Pfaltz 1966).
    """
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
