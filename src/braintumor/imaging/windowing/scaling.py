"""Windows, rescaling and rounding of pixel values."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Files with more than 8 bits rarely use their full range, so they are windowed between these percentiles.
WINDOW_PERCENTILES: Final = (0.5, 99.5)
# Rescaling uses double precision; processing this many values at a time bounds the extra memory.
_BLOCK_VALUES: Final = 2**18


def window_edges(center: float, width: float) -> tuple[float, float]:
    """Return the values shown black and white under a window."""
    return center - width / 2, center + width / 2


def percentile_window(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the 0.5 and 99.5 percentiles, or the extremes where both are equal (a few outliers on a flat image)."""
    low, high = (float(edge) for edge in np.percentile(values, WINDOW_PERCENTILES))
    return (low, high) if high > low else (float(values.min()), float(values.max()))


def apply_rescale(values: NDArray[Any], slope: float, intercept: float) -> NDArray[np.float64]:
    """Convert stored values to real ones: `values * slope + intercept`."""
    return values.astype(np.float64) * slope + intercept


def rescale_to_unit(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.float32]:
    """Clip values to two edges and scale them to 0..1; all zeros unless `high` exceeds `low`."""
    scaled = np.zeros(values.shape, np.float32)
    if high > low:
        rows = max(1, _BLOCK_VALUES // max(1, values.shape[1]))
        for top in range(0, values.shape[0], rows):
            block = (values[top : top + rows].astype(np.float64) - low) / (high - low)
            scaled[top : top + rows] = np.clip(block, 0.0, 1.0)
    return scaled


def reduce_to_8_bits(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Scale the full range of a bit depth to 0..255."""
    return (values.astype(np.float32) * (255.0 / (2.0**bits - 1.0))).clip(0.0, 255.0).astype(np.uint8)


def unit_to_uint8(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Round values from 0 to 1 to the 256 levels of 8 bits; values outside are clipped."""
    return np.rint(np.clip(values, 0.0, 1.0) * np.float32(255.0)).astype(np.uint8)
