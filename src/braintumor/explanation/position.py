"""Where the outlined region, or the peak of the heat map, lies: in the picture, and in the head."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from braintumor.enums import Plane
from braintumor.explanation.regions import estimate_region
from braintumor.explanation.terms import ImagePosition, LocatedBy, Region, Side
from braintumor.inference.detection import Detection
from braintumor.inference.lesion_size import largest_component

# Half the width of the strip around the middle of the head that counts as midline, as a share of the head's width.
_MIDLINE: Final = 0.06
_ROWS: Final = ("upper", "middle", "lower")
_COLUMNS: Final = ("left", "centre", "right")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a region lies; None for what is unknown."""

    position: ImagePosition | None = None
    side: Side | None = None
    region: Region | None = None
    located_by: LocatedBy | None = None


def locate(detection: Detection, plane: Plane, *, is_oriented: bool, depth: float | None = None) -> Place:
    """Return where the largest outlined region of a slice lies, else the peak of its heat map.

    Parameters
    ----------
    plane : Plane
        The region is estimated only where it is known.
    is_oriented : bool
        Whether the picture is hung by the patient's orientation, so that the image's left is the patient's right on
        axial and coronal slices.
    depth : float, optional
        See `estimate_region`; for the region, and for the side of sagittal slices.
    """
    center = _find_center(detection)
    if center is None or detection.head_box is None or detection.scan_size is None:
        return Place()
    (x, y), located_by = center
    (width, height), (left, top, right, bottom) = detection.scan_size, detection.head_box
    across = (x - left) / (right - left)
    down = (y - top) / (bottom - top)
    return Place(
        _position(x / width, y / height),
        _side(across, plane, is_oriented, depth),
        estimate_region(plane, across, down, depth) if is_oriented else None,
        located_by,
    )


def _find_center(detection: Detection) -> tuple[tuple[float, float], LocatedBy] | None:
    """Return the centre (x, y) in pixels of the scan, and what it was taken from."""
    mask = detection.mask
    if mask is not None and mask.any():
        runs = largest_component(mask)
        lengths = runs[:, 2] - runs[:, 1]
        x = float(np.average((runs[:, 1] + runs[:, 2]) / 2, weights=lengths))
        return (x, float(np.average(runs[:, 0] + 0.5, weights=lengths))), LocatedBy.OUTLINE
    heat_map = detection.heat_map
    if heat_map is None or not heat_map.any() or not detection.result.is_tumor:
        return None
    row, column = np.unravel_index(int(np.argmax(heat_map)), heat_map.shape)
    return (float(column) + 0.5, float(row) + 0.5), LocatedBy.HEAT_MAP


def _position(across: float, down: float) -> ImagePosition:
    row, column = (min(2, max(0, int(3 * share))) for share in (down, across))
    name = f"{_ROWS[row]} {_COLUMNS[column]}"
    return ImagePosition.CENTER if (row, column) == (1, 1) else ImagePosition(name)


def _side(across: float, plane: Plane, is_oriented: bool, depth: float | None) -> Side | None:
    """Return the side; None where it does not say more than the position, and on a sagittal slice without a depth."""
    if not is_oriented or plane is Plane.UNKNOWN:
        return None
    if plane is Plane.SAGITTAL and depth is None:
        return None
    from_right = across if plane is not Plane.SAGITTAL or depth is None else 1.0 - depth
    if abs(from_right - 0.5) <= _MIDLINE:
        return Side.MIDLINE
    return Side.PATIENT_RIGHT if from_right < 0.5 else Side.PATIENT_LEFT
