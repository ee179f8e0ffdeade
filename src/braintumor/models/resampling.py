"""Resampling as matrices: how one row of a picture or map becomes one of another length."""

import numpy as np
from numpy.typing import NDArray

Span = tuple[float, float]


def resizing(count: int, wanted: int) -> NDArray[np.float32]:
    """Bilinear resizing along one axis, widened where it shrinks, so that no pixel is skipped (as Pillow does it).

    Returns
    -------
    ndarray of float32, shape (wanted, count)
        Every row adds up to one.
    """
    centres, step = (np.arange(wanted) + 0.5) * count / wanted, max(count / wanted, 1.0)
    weights = _tent(centres, np.arange(count) + 0.5, step)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def placing(cells: int, wanted: int, span: Span | None = None) -> NDArray[np.float32]:
    """Put a row of map cells onto a row that covers the whole frame.

    Parameters
    ----------
    cells, wanted : int
    span : (start, end), optional
        Share of the frame that the cells lie over, where it is not all of it. Beyond it the row fades to zero.

    Returns
    -------
    ndarray of float32, shape (wanted, cells)
    """
    if span is None:
        return resizing(cells, wanted)
    start, end = span
    cell = (end - start) / cells
    step = max(cell, 1 / wanted)
    weights = _tent((np.arange(wanted) + 0.5) / wanted, start + (np.arange(cells) + 0.5) * cell, step)
    return np.asarray(weights * cell / step, np.float32)


def _tent(at: NDArray[np.floating], of: NDArray[np.floating], step: float) -> NDArray[np.float64]:
    """Weight of each place `of` at each place `at`, falling in a straight line to zero within a step."""
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(at[:, None] - of[None]) / step))
