"""Padding: pixels that fill the border of a picture with a value that is no measurement."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

# Values by which scanners and converters fill what they did not measure.
_CUSTOMARY_LOW: Final = (-32768.0, -3024.0, -2000.0, -1024.0)
_CUSTOMARY_HIGH: Final = (32767.0, 65535.0)
# A high value is padding only if it is at least this large: -2000 read as unsigned is 63536.
_MIN_HIGH_VALUE: Final = 10_000.0
# A value far from all others (by twice their range) is padding if it fills this share of the border; a customary
# value must fill more of it but may lie nearer, by a tenth of the range. Air in CT, at -1024 to -950, is nearer.
_FAR_SHARE, _FAR_GAP = 0.05, 2.0
_CUSTOMARY_SHARE, _CUSTOMARY_GAP = 0.25, 0.1
# Range of the other values: the lowest 5% may be a rim of interpolated padding.
_RANGE_PERCENTILES: Final = (5.0, 99.5)
_SAMPLE_SIZE: Final = 40_000


def find_padding(values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Find the pixels of a picture or volume that are padding.

    A value is padding if it fills much of the border and lies apart from the other values: -32768, -3024, -2000,
    -1024, 32767, 65535, or any other negative or huge value. So is 0 amid positive and negative values, as outside a
    head whose values were standardized to mean 0. Values that are not finite are padding if they lie at the border.

    Parameters
    ----------
    values : ndarray of real numbers, any number of dimensions
        Values after rescaling.

    Returns
    -------
    ndarray of bool, same shape, or None
        None without padding.
    """
    if values.dtype.kind != "f" or np.isfinite(border := _border(values)).all():
        limits = find_padding_range(values)
        return None if limits is None else (values >= limits[0]) & (values <= limits[1])
    is_finite = np.isfinite(values)
    is_rare = np.count_nonzero(~np.isfinite(border)) < _FAR_SHARE * border.size
    if is_rare or not is_finite.any():
        return None
    padding = find_padding(np.where(is_finite, values, values[is_finite].max()))
    return ~is_finite if padding is None else padding | ~is_finite


def find_padding_range(values: NDArray[Any]) -> tuple[float, float] | None:
    """Return the lowest and highest value that are padding, of finite values; None without padding."""
    border = _border(values)
    lowest, highest = float(values.min()), float(values.max())
    for value, is_low in ((lowest, True), (highest, False)):
        if value >= 0 if is_low else value < _MIN_HIGH_VALUE:
            continue
        share = np.count_nonzero(border == value) / border.size
        if share >= _FAR_SHARE and (limits := _padding_limits(values, value, is_low, share)) is not None:
            return limits
    is_amid = lowest < 0 < highest and np.count_nonzero(border == 0) >= _CUSTOMARY_SHARE * border.size
    return (0.0, 0.0) if is_amid and _is_zero_amid(values) else None


def mask_padding_range(stored: NDArray[Any], limits: tuple[float, float]) -> NDArray[np.bool_] | None:
    """Return which stored values are padding by the limits that a DICOM file states; None if none or all are.

    A padding value amid the other values, or next to them, is ignored unless it fills part of the border: some files
    state one that they do not use.
    """
    low, high = min(limits), max(limits)
    mask = (stored >= low) & (stored <= high)
    count = np.count_nonzero(mask)
    if count in (0, mask.size):
        return None
    rest = stored[~mask]
    least, most = float(rest.min()), float(rest.max())
    is_apart = max(least - high, low - most) >= max(_CUSTOMARY_GAP * (most - least), 1.0)
    fills_border = np.count_nonzero(_border(mask)) >= _FAR_SHARE * _border(mask).size
    return mask if least < most and (is_apart or fills_border) else None


def fill_padding(
    values: NDArray[np.floating], padding: NDArray[np.bool_], is_inverted: bool = False
) -> NDArray[np.float32]:
    """Return a copy in which padding has the lowest of the other values, or the highest if they will be inverted."""
    rest = values[~padding]
    return np.where(padding, rest.max() if is_inverted else rest.min(), values).astype(np.float32)


def _border(values: NDArray[Any]) -> NDArray[Any]:
    """Return the outermost values along every axis."""
    return np.concatenate([np.take(values, index, axis).ravel() for axis in range(values.ndim) for index in (0, -1)])


def _sample_without(values: NDArray[Any], value: float) -> NDArray[np.float64]:
    """Return a sample of the values, without one of them."""
    sample = values.ravel()[:: max(1, values.size // _SAMPLE_SIZE)].astype(np.float64)
    return sample[sample != value]


def _is_zero_amid(values: NDArray[Any]) -> bool:
    """Whether many values are clearly below 0; a few are where interpolation overshoots."""
    sample = _sample_without(values, 0.0)
    if not sample.size:
        return False
    low, high = np.percentile(sample, _RANGE_PERCENTILES)
    return bool(-low >= _CUSTOMARY_GAP * (high - low) > 0)


def _padding_limits(values: NDArray[Any], value: float, is_low: bool, share: float) -> tuple[float, float] | None:
    sample = _sample_without(values, value)
    if not sample.size:
        return None
    low, high = np.percentile(sample, _RANGE_PERCENTILES if is_low else [100 - p for p in _RANGE_PERCENTILES[::-1]])
    gap, span = float(low - value if is_low else value - high), float(high - low)
    if span <= 0:
        return None
    if gap >= _FAR_GAP * span:
        # Values between padding and measurements were interpolated at the rim of the padding.
        return (-math.inf, float(low) - span) if is_low else (float(high) + span, math.inf)
    is_customary = value in (_CUSTOMARY_LOW if is_low else _CUSTOMARY_HIGH)
    is_apart = gap >= _CUSTOMARY_GAP * span
    return (value, value) if is_customary and is_apart and share >= _CUSTOMARY_SHARE else None
