"""Coarse regions of the head by the position within it: an estimate from proportions, not an atlas."""

from typing import Final

from braintumor.enums import Plane
from braintumor.explanation.terms import Region

# Left, top, right and bottom as shares of the box around the head on a slice: the front is at the top of axial and on
# the left of sagittal slices, else the head is at the top. The first region that contains a point is its region. One
# slice does not say how high, or how far to the front, it lies, so that some regions have two names. The boxes of the
# sellar region were set on training tumours; docs/decisions says how they were checked.
_Box = tuple[float, float, float, float]
_SLICE_TABLE: Final[dict[Plane, tuple[tuple[Region, _Box], ...]]] = {
    Plane.AXIAL: (
        (Region.CENTRAL_OR_SELLAR, (0.43, 0.34, 0.57, 0.45)),
        (Region.CENTRAL, (0.40, 0.38, 0.60, 0.64)),
        (Region.FRONTAL, (0.0, 0.0, 1.0, 0.40)),
        (Region.OCCIPITAL_OR_POSTERIOR_FOSSA, (0.0, 0.72, 1.0, 1.0)),
        (Region.TEMPOROPARIETAL, (0.0, 0.40, 1.0, 0.72)),
    ),
    Plane.CORONAL: (
        (Region.SELLAR, (0.43, 0.44, 0.57, 0.66)),
        (Region.CENTRAL, (0.38, 0.36, 0.62, 0.50)),
        (Region.FRONTOPARIETAL, (0.0, 0.0, 1.0, 0.38)),
        (Region.TEMPORAL, (0.0, 0.38, 1.0, 0.62)),
        (Region.POSTERIOR_FOSSA, (0.0, 0.62, 1.0, 1.0)),
    ),
    Plane.SAGITTAL: (
        (Region.SELLAR, (0.35, 0.44, 0.48, 0.66)),
        (Region.FRONTAL, (0.0, 0.0, 0.42, 0.50)),
        (Region.PARIETAL, (0.42, 0.0, 0.76, 0.34)),
        (Region.OCCIPITAL, (0.76, 0.0, 1.0, 0.56)),
        (Region.POSTERIOR_FOSSA, (0.52, 0.54, 1.0, 1.0)),
        (Region.CENTRAL, (0.42, 0.34, 0.76, 0.54)),
        (Region.TEMPORAL, (0.20, 0.50, 0.52, 0.80)),
    ),
}
# In a volume: distance from the midline, distance from the front and distance from the top, each as a range of shares.
_Range = tuple[float, float]
_VOLUME_TABLE: Final[tuple[tuple[Region, _Range, _Range, _Range], ...]] = (
    (Region.SELLAR, (0.0, 0.08), (0.30, 0.48), (0.44, 0.72)),
    (Region.POSTERIOR_FOSSA, (0.0, 0.5), (0.55, 1.0), (0.60, 1.0)),
    (Region.TEMPORAL, (0.14, 0.5), (0.28, 0.70), (0.46, 0.85)),
    (Region.CENTRAL, (0.0, 0.14), (0.34, 0.66), (0.32, 0.66)),
    (Region.FRONTAL, (0.0, 0.5), (0.0, 0.42), (0.0, 0.66)),
    (Region.OCCIPITAL, (0.0, 0.5), (0.75, 1.0), (0.0, 0.60)),
    (Region.PARIETAL, (0.0, 0.5), (0.42, 0.75), (0.0, 0.50)),
)


def estimate_region(plane: Plane, across: float, down: float, depth: float | None = None) -> Region | None:
    """Return the region of a point on a slice that is hung by the patient's orientation.

    Parameters
    ----------
    plane : Plane
    across, down : float
        Position in the box around the head, from 0 (left, top) to 1 (right, bottom).
    depth : float, optional
        Position of the slice among those of its volume that show brain, from 0 to 1: from the feet to the head (axial),
        from the back to the front (coronal), or from the patient's left to the right (sagittal).

    Returns
    -------
    Region or None
        None if the plane is unknown, or the point lies in no region.

    Examples
    --------
    >>> estimate_region(Plane.SAGITTAL, 0.41, 0.54)
    <Region.SELLAR: 'sellar or suprasellar region'>
    >>> estimate_region(Plane.AXIAL, 0.2, 0.55), estimate_region(Plane.AXIAL, 0.2, 0.55, depth=0.9)
    (<Region.TEMPOROPARIETAL: 'temporal or parietal region'>, <Region.PARIETAL: 'parietal region'>)
    """
    if depth is not None and plane is not Plane.UNKNOWN:
        return _region_in_volume(*_to_volume(plane, across, down, depth))
    for region, (left, top, right, bottom) in _SLICE_TABLE.get(plane, ()):
        if left <= across <= right and top <= down <= bottom:
            return region
    return None


def _to_volume(plane: Plane, across: float, down: float, depth: float) -> tuple[float, float, float]:
    """Return the shares from the patient's right, from the front and from the top."""
    if plane is Plane.AXIAL:
        return across, down, 1.0 - depth
    if plane is Plane.CORONAL:
        return across, 1.0 - depth, down
    return 1.0 - depth, across, down


def _region_in_volume(right: float, front: float, top: float) -> Region | None:
    point = abs(right - 0.5), front, top
    for region, *ranges in _VOLUME_TABLE:
        if all(low <= value <= high for value, (low, high) in zip(point, ranges, strict=True)):
            return region
    return None
