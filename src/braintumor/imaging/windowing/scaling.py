"""Windows, rescaling and rounding of pixel values."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Values shown black and white where no file window applies, and in every model input.
WINDOW_PERCENTILES: Final = (0.5, 99.9)
# A window is useless if the values between the percentiles take up less than this part of black to white, or if less
# than this share of the head lies between black and white. The head is brighter than a tenth of the range.
_MIN_CONTRAST: Final = 0.2
_MAX_BACKGROUND: Final = 0.5  # of black to white, for the darkest values
_MIN_SHARE: Final = 0.02
_HEAD_LEVEL: Final = 0.1
_WINDOW_SAMPLE_SIZE: Final = 20_000
# Rescaling uses double precision; processing this many values at a time bounds the extra memory.
_BLOCK_VALUES: Final = 2**18


def window_edges(center: float, width: float) -> tuple[float, float]:
    """Return the values shown black and white under a window."""
    return center - width / 2, center + width / 2


def percentile_window(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the 0.5 and 99.9 percentiles, or the extremes where both are equal (a few outliers on a flat image)."""
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


def describe_useless_window(values: NDArray[np.floating], low: float, high: float) -> str | None:
    """Return what is wrong with a picture under a window: `dark`, `bright` or `flat`; None if it is usable.

    Parameters
    ----------
    values : ndarray of finite real numbers
        Values without padding.
    low, high : float
        Values shown black and white.
    """
    sample = np.sort(values.ravel()[:: max(1, values.size // _WINDOW_SAMPLE_SIZE)].astype(np.float64))
    darkest, brightest = percentile_window(sample)
    head = sample[np.searchsorted(sample, darkest + _HEAD_LEVEL * (brightest - darkest), "right") :]
    black = np.searchsorted(head, low, "right") / max(1, head.size)
    white = 1.0 - np.searchsorted(head, high, "left") / max(1, head.size)
    shown_low, shown_high = ((edge - low) / (high - low) for edge in (darkest, brightest))
    if shown_high < _MIN_CONTRAST or black > 1.0 - _MIN_SHARE:
        return "dark"
    if shown_low > _MAX_BACKGROUND or white > 1.0 - _MIN_SHARE:
        return "bright"
    is_flat = min(shown_high, 1.0) - max(shown_low, 0.0) < _MIN_CONTRAST or 1.0 - black - white < _MIN_SHARE
    return "flat" if is_flat else None
