"""Grey values of model inputs: the same for a picture in any file format, bit depth and scale."""

import math
from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
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
    low, high = _histogram_window(Image.fromarray(_sample_rows(pixels)).histogram())
    if low == high:
        low, high = _histogram_window(Image.fromarray(pixels).histogram())
    if low == high or (low, high) == (0.0, 255.0):
        return pixels
    # Faster than `Image.point`, whose result has to be converted to an array.
    values = pixels.tobytes().translate(_gray_table(low, high))
    return np.frombuffer(values, np.uint8).reshape(pixels.shape)


@lru_cache(maxsize=1024)
def _gray_table(low: float, high: float) -> bytes:
    """Return the grey values of all 256 levels under a window."""
    return unit_to_uint8(rescale_to_unit(np.arange(256, dtype=np.float32)[None], low, high)).tobytes()


def _sample_rows(values: NDArray[Any]) -> NDArray[Any]:
    """Return equidistant rows of a large picture, or all of a small one; the same in every file format."""
    step = values.size // _SAMPLE_SIZE
    return values if step < 2 else np.ascontiguousarray(values[::step])


def _histogram_window(histogram: list[int]) -> tuple[float, float]:
    """Return what `percentile_window` returns, from the counts of 256 levels."""
    counts = list(accumulate(histogram))
    low, high = (_quantile(counts, percentile / 100) for percentile in WINDOW_PERCENTILES)
    if high > low:
        return low, high
    levels = [level for level, count in enumerate(histogram) if count]
    return float(levels[0]), float(levels[-1])


def _quantile(counts: list[int], share: float) -> float:
    """Return the quantile of levels with cumulative counts, interpolated linearly as by `numpy.percentile`."""
    position = share * (counts[-1] - 1)
    below = math.floor(position)
    lower, upper = bisect_right(counts, below), bisect_right(counts, below + 1)
    return lower + (position - below) * (min(upper, len(counts) - 1) - lower)
