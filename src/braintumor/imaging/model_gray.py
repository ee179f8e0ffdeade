"""Grey values of model inputs: the same for a picture in any file format, bit depth and scale."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.scan import Scan
from braintumor.imaging.windowing import (
    WINDOW_PERCENTILES,
    percentile_window,
    rescale_to_unit,
    unit_to_uint8,
    window_edges,
)

# Percentiles are taken of every second, third, ... row, so that at least this many values remain.
_SAMPLE_SIZE: Final = 2**16


def model_gray(scan: Scan) -> NDArray[np.uint8]:
    """Return the grey values of a scan from which its model input is made, shape (height, width).

    The picture's own 0.5 and 99.9 percentiles become black and white, so that `a * v + b` with a positive `a` gives
    the same grey values to within rounding. A window of the file is applied first; the window that slices of a volume
    share is not. Padding counts as black border.
    """
    if scan.raw is None:
        return normalize_gray(scan.to_uint8())
    if scan.model_gray is not None and scan.model_gray[0] is scan.raw:
        return scan.model_gray[1]
    low, high = percentile_window(_sample_rows(scan.raw))
    if low == high:
        low, high = percentile_window(scan.raw)
    if scan.has_file_window and scan.window:
        black, white = window_edges(*scan.window)
        # Percentiles of the windowed values, as clipping keeps their order.
        low, high = (float(np.clip(edge, black, white)) for edge in (low, high))
    return unit_to_uint8(rescale_to_unit(scan.raw, low, high))


def normalize_gray(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Window grey values of 8 bits between their own 0.5 and 99.9 percentiles; uniform ones stay unchanged."""
    image = Image.fromarray(pixels)
    sample = _sample_rows(pixels)
    low, high = _histogram_window((image if sample is pixels else Image.fromarray(sample)).histogram())
    if low == high:
        low, high = _histogram_window(image.histogram())
    if low == high or (low, high) == (0.0, 255.0):
        return pixels
    levels = np.arange(256, dtype=np.float32)[None]
    table = unit_to_uint8(rescale_to_unit(levels, low, high))[0].tolist()
    return np.asarray(image.point(table))


def _sample_rows(values: NDArray[Any]) -> NDArray[Any]:
    """Return equidistant rows of a large picture, or all of a small one; the same in every file format."""
    step = values.size // _SAMPLE_SIZE
    return values if step < 2 else np.ascontiguousarray(values[::step])


def _histogram_window(histogram: list[int]) -> tuple[float, float]:
    """Return what `percentile_window` returns, from the counts of 256 levels."""
    counts: NDArray[Any] = np.cumsum(histogram)
    positions = np.array(WINDOW_PERCENTILES) / 100 * (counts[-1] - 1)
    below = np.floor(positions)
    lower, upper = (np.searchsorted(counts, below + step, "right").clip(max=255) for step in (0, 1))
    low, high = (float(edge) for edge in lower + (positions - below) * (upper - lower))
    if high > low:
        return low, high
    levels = np.flatnonzero(histogram)
    return float(levels[0]), float(levels[-1])
