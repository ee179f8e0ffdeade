"""Regions of the head by position: symmetric, only where the plane is known, and narrower within a volume."""

import pytest

from braintumor.enums import Plane
from braintumor.explanation.regions import estimate_region
from braintumor.explanation.terms import Region


@pytest.mark.parametrize(
    ("plane", "across", "down", "depth", "region"),
    [
        (Plane.CORONAL, 0.50, 0.53, None, Region.SELLAR),  # median of the pituitary tumours of the training images
        (Plane.SAGITTAL, 0.42, 0.54, None, Region.SELLAR),
        (Plane.AXIAL, 0.50, 0.39, None, Region.CENTRAL_OR_SELLAR),
        (Plane.AXIAL, 0.50, 0.39, 0.40, Region.SELLAR),
        (Plane.AXIAL, 0.30, 0.20, None, Region.FRONTAL),
        (Plane.AXIAL, 0.30, 0.85, None, Region.OCCIPITAL_OR_POSTERIOR_FOSSA),
        (Plane.AXIAL, 0.30, 0.85, 0.10, Region.POSTERIOR_FOSSA),
        (Plane.AXIAL, 0.30, 0.85, 0.70, Region.OCCIPITAL),
        (Plane.CORONAL, 0.25, 0.55, None, Region.TEMPORAL),
        (Plane.CORONAL, 0.30, 0.20, 0.80, Region.FRONTAL),
        (Plane.CORONAL, 0.30, 0.20, 0.40, Region.PARIETAL),
        (Plane.SAGITTAL, 0.42, 0.54, 0.85, Region.TEMPORAL),  # far from the midline it cannot be the sella
        (Plane.UNKNOWN, 0.50, 0.50, None, None),
    ],
)
def test_region_of_a_place(plane: Plane, across: float, down: float, depth: float | None, region: Region) -> None:
    assert estimate_region(plane, across, down, depth) is region


@pytest.mark.parametrize("plane", [Plane.AXIAL, Plane.CORONAL])
@pytest.mark.parametrize("depth", [None, 0.2, 0.6])
def test_regions_are_the_same_on_both_sides(plane: Plane, depth: float | None) -> None:
    for across in (0.05, 0.2, 0.35, 0.45):
        for down in (0.1, 0.3, 0.5, 0.7, 0.9):
            left, right = (estimate_region(plane, x, down, depth) for x in (across, 1.0 - across))
            assert left is right
