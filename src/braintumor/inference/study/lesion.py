"""Extent of a lesion over neighbouring slices, and whether two planes show it at the same place."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.study.evidence import Evidence
from braintumor.inference.study.study_slice import Box, StudySlice


@dataclass(frozen=True, slots=True)
class Lesion:
    """The outlined region around the most suspicious place of a study.

    Attributes
    ----------
    slice_ids : tuple of str
        Neighbouring slices of one plane that outline it, in order.
    first, last : int
        Numbers of the first and the last of them in their stack, from 1.
    title : str
        Description of their stack.
    extent_mm : float or None
        Length along the normal of the slices; None without positions.
    volume_ml : float or None
        Sum of the outlined areas times the distance of the slices; None without positions or spacing.
    diameter_mm : float or None
        Longest diameter within a slice, over all planes that show the lesion; None without spacing.
    """

    slice_ids: tuple[str, ...]
    first: int
    last: int
    title: str
    extent_mm: float | None
    volume_ml: float | None
    diameter_mm: float | None


def lesion_slices(evidence: Evidence) -> tuple[StudySlice, ...]:
    """Return the neighbouring slices that outline the lesion around the key slice; none if it outlines nothing."""
    slices = evidence.slices
    index = slices.index(evidence.key_slice)
    if not slices[index].area_pixels:
        return ()
    first = last = index
    while first > 0 and _continues(slices[first], slices[first - 1]):
        first -= 1
    while last + 1 < len(slices) and _continues(slices[last], slices[last + 1]):
        last += 1
    return slices[first : last + 1]


def _continues(current: StudySlice, following: StudySlice) -> bool:
    if not following.area_pixels:
        return False
    if current.box is None or following.box is None:
        return True
    normal = [axis for axis in range(3) if current.box[axis][0] == current.box[axis][1]]
    return all(_overlap(current.box[axis], following.box[axis]) for axis in range(3) if axis not in normal)


def _overlap(one: tuple[float, float], other: tuple[float, float], margin: float = 0.0) -> bool:
    return one[0] <= other[1] + margin and other[0] <= one[1] + margin


def bounding_box(slices: Sequence[StudySlice]) -> Box | None:
    """Return the box around the outlined regions of slices; None if none has a known place."""
    boxes = [each.box for each in slices if each.box is not None]
    if not boxes:
        return None
    x, y, z = ((min(box[axis][0] for box in boxes), max(box[axis][1] for box in boxes)) for axis in range(3))
    return x, y, z


def boxes_overlap(one: Box, other: Box, margin: float) -> bool:
    """Whether two boxes are at most `margin` mm apart along each axis."""
    return all(_overlap(one[axis], other[axis], margin) for axis in range(3))


def measure_lesion(evidence: Evidence, others: Sequence[Evidence] = ()) -> Lesion | None:
    """Measure the lesion around the key slice of a plane; None if nothing is outlined.

    Parameters
    ----------
    others : sequence of Evidence
        Further planes that show the same lesion.
    """
    slices = lesion_slices(evidence)
    if not slices:
        return None
    widths = _widths(evidence.slices)
    start = evidence.slices.index(slices[0])
    extents = None if widths is None else widths[start : start + len(slices)]
    areas = [each.area_mm2 for each in slices]
    volume = None
    if extents is not None and all(area is not None for area in areas):
        volume = float(np.dot(extents, np.array(areas, np.float64))) / 1000.0
    everywhere = (*slices, *(each for other in others for each in lesion_slices(other)))
    diameters = [each.diameter_mm for each in everywhere if each.diameter_mm is not None]
    numbers = [each.order + 1 for each in slices]
    return Lesion(
        tuple(each.id for each in slices), min(numbers), max(numbers), slices[0].title,
        None if extents is None else float(extents.sum()), volume, max(diameters, default=None),
    )  # fmt: skip


def _widths(slices: Sequence[StudySlice]) -> NDArray[np.float64] | None:
    """Return the thickness that each slice stands for in mm: half the way to both neighbours; None if unknown."""
    places = [each.millimetres for each in slices if each.millimetres is not None]
    if len(places) < max(2, len(slices)):
        return None
    gaps = np.array([after - before for before, after in pairwise(places)])
    return np.asarray((np.append(gaps, gaps[-1]) + np.insert(gaps, 0, gaps[0])) / 2)
