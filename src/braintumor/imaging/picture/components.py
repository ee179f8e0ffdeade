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
        Row, first column and column after the last of every run of pixels, component by component.
    boxes : ndarray of int64, shape (components, 4)
        Left, top, right and bottom of each component; right and bottom exclusive.
    areas, run_counts : ndarray of int64, shape (components,)
        Number of pixels and of runs of each component.
    """

    runs: NDArray[np.int64]
    boxes: NDArray[np.int64]
    areas: NDArray[np.int64]
    run_counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.areas)

    def select(self, is_selected: NDArray[np.bool_]) -> "Components":
        """Return only the selected components."""
        runs = self.runs[np.repeat(is_selected, self.run_counts)]
        return Components(runs, self.boxes[is_selected], self.areas[is_selected], self.run_counts[is_selected])

    def peaks(self, pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the brightest value of each component in the pixels (height, width) of the mask."""
        return self._maxima(pixels, *self.runs.T).astype(np.int64)

    def touching(self, region: NDArray[np.bool_], factor: int) -> NDArray[np.bool_]:
        """Return which components touch a region on a grid reduced by `factor`, shape (components,)."""
        rows, starts, ends = self.runs.T
        height, width = region.shape
        rows = np.minimum(rows // factor, height - 1)
        first, last = np.minimum(starts // factor, width - 1), np.minimum((ends - 1) // factor, width - 1)
        return self._maxima(region.view(np.uint8), rows, first, last + 1).astype(np.bool_)

    def _maxima(
        self, values: NDArray[np.uint8], rows: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.uint8]:
        """Return the maximum of each component's runs in values (height, width), shape (components,)."""
        lengths = ends - starts
        run_ends = np.cumsum(lengths)
        firsts = rows * values.shape[1] + starts
        indices = np.arange(lengths.sum()) + np.repeat(firsts - run_ends + lengths, lengths)
        first_runs = np.cumsum(self.run_counts) - self.run_counts
        return np.maximum.reduceat(values.ravel()[indices], (run_ends - lengths)[first_runs])


def find_components(mask: NDArray[np.bool_]) -> Components:
    """Find the connected components of a mask (height, width)."""
    runs = find_runs(mask)
    labels = label_runs(runs)
    runs = runs[np.argsort(labels, kind="stable")]
    run_counts = np.bincount(labels)
    run_counts = run_counts[run_counts > 0]
    last = np.cumsum(run_counts) - 1
    first = last - run_counts + 1
    rows, starts, ends = runs.T
    left, right = np.minimum.reduceat(starts, first), np.maximum.reduceat(ends, first)
    boxes = np.column_stack([left, rows[first], right, rows[last] + 1])
    return Components(runs, boxes, np.add.reduceat(ends - starts, first), run_counts)


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
