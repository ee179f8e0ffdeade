"""Coarse regions of the head by the position within its bounding box; an estimate, not an atlas."""

from typing import Final

from braintumor.enums import Plane
from braintumor.explanation.terms import Region

# Left, top, right and bottom of each region as shares of the head's box, with the patient's front (axial) or head
# (coronal, sagittal) at the top, and the front of sagittal slices on the left. The first region that contains a point
# is its region. A single slice does not say how high, or how far to the front, it was cut, so that some regions have
# two names.
_Box = tuple[float, float, float, float]
_TABLE: Final[dict[Plane, tuple[tuple[Region, _Box], ...]]] = {
    Plane.AXIAL: (
        (Region.CENTRAL, (0.40, 0.35, 0.60, 0.66)),
        (Region.FRONTAL, (0.0, 0.0, 1.0, 0.38)),
        (Region.OCCIPITAL_OR_POSTERIOR_FOSSA, (0.0, 0.72, 1.0, 1.0)),
        (Region.TEMPOROPARIETAL, (0.0, 0.38, 1.0, 0.72)),
    ),
    Plane.CORONAL: (
        (Region.SELLAR, (0.38, 0.46, 0.62, 0.74)),
        (Region.FRONTOPARIETAL, (0.0, 0.0, 1.0, 0.38)),
        (Region.CENTRAL, (0.36, 0.38, 0.64, 0.46)),
        (Region.TEMPORAL, (0.0, 0.38, 1.0, 0.70)),
        (Region.POSTERIOR_FOSSA, (0.0, 0.70, 1.0, 1.0)),
    ),
    Plane.SAGITTAL: (
        (Region.SELLAR, (0.28, 0.44, 0.50, 0.70)),
        (Region.FRONTAL, (0.0, 0.0, 0.42, 0.50)),
        (Region.PARIETAL, (0.42, 0.0, 0.78, 0.34)),
        (Region.OCCIPITAL, (0.74, 0.0, 1.0, 0.58)),
        (Region.POSTERIOR_FOSSA, (0.50, 0.56, 1.0, 1.0)),
        (Region.CENTRAL, (0.42, 0.34, 0.74, 0.56)),
        (Region.TEMPORAL, (0.20, 0.50, 0.50, 0.80)),
    ),
}  # fmt: skip


def estimate_region(plane: Plane, across: float, down: float) -> Region | None:
    """Return the region of a point.

    Parameters
    ----------
    plane : Plane
    across, down : float
        Position in the box around the head, from 0 (left, top) to 1 (right, bottom), on a slice hung by the patient's
        orientation.

    Returns
    -------
    Region or None
        None if the plane is unknown, or the point lies in no region.
    """
    for region, (left, top, right, bottom) in _TABLE.get(plane, ()):
        if left <= across <= right and top <= down <= bottom:
            return region
    return None
