"""Hanging of slices by the patient's orientation, and resampling to square pixels; shared by DICOM and NIfTI.

Directions are those of DICOM (LPS): x to the patient's left, y to the back, z to the head (PS3.3 C.7.6.2.1.1).
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from braintumor.imaging.geometry import Placement, add, scale

# Pixels with a larger aspect ratio are resampled to square ones, because models learn the proportions of a head.
# Beyond the maximum the header is assumed to be wrong.
ANISOTROPY_TOLERANCE: Final = 1.02
MAX_ANISOTROPY: Final = 10.0
# Deviations from unit length and from a right angle, beyond which direction cosines are wrong rather than rounded.
_MAX_LENGTH_ERROR: Final = 0.1
_MAX_COSINE_BETWEEN: Final = 0.1
# A slice within 45 degrees of an anatomical plane has its name; in the middle, where cosines are rounded, it has none.
_MIN_PLANE_COSINE: Final = math.sqrt(0.5) + 0.005
_PLANES: Final = ("sagittal", "coronal", "axial")
# How each plane is displayed, by the axis of its normal: axis and sign of the columns (left to right), then of the rows
# (top to bottom). The patient's right is on the left; sagittal slices face left.
_DISPLAY: Final = (((1, 1), (2, -1)), ((0, 1), (2, -1)), ((0, 1), (1, 1)))
# Sign of the direction in which slices are counted: towards the patient's right, front and head, as in an RAS volume.
_COUNTING: Final = (-1.0, -1.0, 1.0)


def has_valid_orientation(orientation: Sequence[float]) -> bool:
    """Whether six direction cosines are two finite unit vectors at a right angle, apart from rounding."""
    if len(orientation) != 6 or not all(math.isfinite(cosine) for cosine in orientation):
        return False
    row, column = orientation[:3], orientation[3:]
    lengths = math.hypot(*row), math.hypot(*column)
    if any(abs(length - 1.0) > _MAX_LENGTH_ERROR for length in lengths):
        return False
    return abs(sum(a * b for a, b in zip(row, column, strict=True))) <= _MAX_COSINE_BETWEEN


def slice_normal(orientation: Sequence[float]) -> tuple[float, float, float]:
    """Return the cross product of the row and column directions."""
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def normal_sign(orientation: Sequence[float]) -> float:
    """Return 1.0 if slices along the normal are counted as in an RAS volume, -1.0 if the other way round."""
    axis, sign = _nearest_axes(orientation)[2]
    return _COUNTING[axis] * sign


def name_plane(orientation: Sequence[float]) -> str:
    """Return `axial`, `coronal`, `sagittal`, or `oblique` further than 45 degrees from each; empty if unknown."""
    if not has_valid_orientation(orientation):
        return ""
    normal = slice_normal(orientation)
    cosines = [abs(component) / math.hypot(*normal) for component in normal]
    return next((name for name, cosine in zip(_PLANES, cosines, strict=True) if cosine >= _MIN_PLANE_COSINE), "oblique")


def hang(
    values: NDArray[Any], orientation: Sequence[float], spacing: tuple[float, float] | None = None
) -> tuple[NDArray[Any], tuple[float, float] | None]:
    """Turn and flip a slice to the radiological display, exactly as `Volume.slice_along` does for NIfTI.

    Axial slices have the front, and all others the head at the top; the patient's right is on the left, and sagittal
    slices face left. Oblique slices are hung as the nearest plane. No pixel is changed.

    Parameters
    ----------
    values : ndarray of uint8 or float32, shape (rows, columns)
    orientation : sequence of six float
        Direction cosines of a row, then of a column (ImageOrientationPatient). Invalid ones leave the slice unchanged.
    spacing : (float, float), optional
        Millimetres between rows and between columns.

    Returns
    -------
    ndarray, shape (rows, columns) or (columns, rows), and the spacing in the new order
    """
    if not has_valid_orientation(orientation):
        return values, spacing
    is_transposed, row_step, column_step = _display_steps(orientation)
    if is_transposed:
        values = values.T
        spacing = spacing and (spacing[1], spacing[0])
    return np.ascontiguousarray(values[::row_step, ::column_step]), spacing


def place_slice(
    orientation: Sequence[float],
    cosines: Sequence[float],
    shape: tuple[int, int],
    spacing: tuple[float, float] | None,
    first_pixel: Sequence[float] = (),
    frame: str = "",
) -> Placement | None:
    """Return the placement of a slice after `hang`; None if its orientation is not known.

    Parameters
    ----------
    orientation : sequence of six float
        As for `hang`.
    cosines : sequence of six float
        The same direction cosines, not rounded.
    shape : (int, int)
        Rows and columns as stored.
    spacing : (float, float), optional
        Millimetres between rows and between columns, or their ratio.
    first_pixel : sequence of three float
        Centre of the first pixel (ImagePositionPatient); empty if not stated.
    frame : str
        As in `Placement`.
    """
    if not has_valid_orientation(orientation) or not has_valid_orientation(cosines):
        return None
    row_spacing, column_spacing = spacing or (1.0, 1.0)
    across, along = (cosines[0], cosines[1], cosines[2]), (cosines[3], cosines[4], cosines[5])
    corner = None
    if len(first_pixel) == 3 and spacing:
        center = first_pixel[0], first_pixel[1], first_pixel[2]
        corner = add(add(center, scale(across, -column_spacing / 2)), scale(along, -row_spacing / 2))
    right, down = scale(across, shape[1] * column_spacing), scale(along, shape[0] * row_spacing)
    is_transposed, row_step, column_step = _display_steps(orientation)
    if is_transposed:
        right, down = down, right
    if column_step < 0:
        corner, right = corner and add(corner, right), scale(right, -1)
    if row_step < 0:
        corner, down = corner and add(corner, down), scale(down, -1)
    return Placement(right, down, corner, frame if corner else "")


def _display_steps(orientation: Sequence[float]) -> tuple[bool, int, int]:
    """Return whether rows and columns are exchanged for display, and then the steps along rows and along columns."""
    (column_axis, column_sign), (_, row_sign), (normal_axis, _) = _nearest_axes(orientation)
    (display_column_axis, display_column_sign), (_, display_row_sign) = _DISPLAY[normal_axis]
    is_transposed = column_axis != display_column_axis
    if is_transposed:
        column_sign, row_sign = row_sign, column_sign
    return is_transposed, display_row_sign * row_sign, display_column_sign * column_sign


def _nearest_axes(orientation: Sequence[float]) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
    """Return axis and sign of the columns, the rows and the normal, as `nibabel.io_orientation` assigns them.

    The direction with the largest cosine chooses its axis first.
    """
    directions = np.array([orientation[:3], orientation[3:], slice_normal(orientation)], np.float64)
    cosines = np.abs(directions)
    axes = {}
    for index in np.argsort(-cosines.max(axis=1), kind="stable"):
        axis = int(np.argmax(cosines[index]))
        axes[int(index)] = (axis, 1 if directions[index, axis] >= 0 else -1)
        cosines[:, axis] = -1.0
    return axes[0], axes[1], axes[2]


def resample_square(values: NDArray[Any], spacing: tuple[float, float]) -> tuple[NDArray[Any], tuple[float, float]]:
    """Resample to square pixels of the smaller spacing; leave square and implausible spacings unchanged.

    Parameters
    ----------
    values : ndarray of uint8 or float32, shape (rows, columns)
    spacing : (float, float)
        Millimetres between rows and between columns, or their ratio.

    Returns
    -------
    ndarray of the same type, and its spacing
        5.0 x 1.0 mm, 20 x 100 pixels: resampled to 100 x 100 pixels of 1.0 x 1.0 mm.
    """
    rows, columns = values.shape
    size = square_size(rows, columns, spacing)
    if size == (columns, rows):
        return values, spacing
    resized = np.array(Image.fromarray(np.ascontiguousarray(values)).resize(size, Image.Resampling.BILINEAR))
    return resized, (rows * spacing[0] / size[1], columns * spacing[1] / size[0])


def square_size(rows: int, columns: int, spacing: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height in square pixels."""
    side = min(spacing)
    if not ANISOTROPY_TOLERANCE < max(spacing) / side < MAX_ANISOTROPY:
        return columns, rows
    return max(1, round(columns * spacing[1] / side)), max(1, round(rows * spacing[0] / side))
