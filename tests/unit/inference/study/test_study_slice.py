"""What the rule needs of a slice: its place in the volume, the same from every plane, and whether it votes."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest

from braintumor.enums import PictureKind, Plane, Verdict
from braintumor.imaging import Scan
from braintumor.imaging.geometry import Geometry
from braintumor.inference import Detection
from braintumor.inference.study.study_slice import to_study_slice, to_study_slices
from braintumor.settings import Settings
from tests.helpers.readings import make_detection
from tests.helpers.slices import read_slices

SHAPE, SIZES = (40, 44, 48), (1.0, 1.5, 2.0)
# Voxels of a bright block, as half-open ranges along x, y and z.
BLOCK = ((5, 9), (20, 26), (36, 44))


def block_detections(orientation: tuple[int, int, int]) -> list[Detection]:
    """Read a volume stored along any axes, and outline its bright block in every slice."""
    values = np.full(SHAPE, 10.0, np.float32)
    values[tuple(slice(*edges) for edges in BLOCK)] = 100.0
    affine = np.diag([*SIZES, 1.0])
    for axis, sign in enumerate(orientation):
        if sign < 0:
            values, affine[axis, axis] = np.flip(values, axis), -SIZES[axis]
            affine[axis, 3] = SIZES[axis] * (SHAPE[axis] - 1)
    content = nibabel.Nifti1Image(values, affine).to_bytes()
    return [outline(scan) for scan in read_slices(content, "block.nii", Settings()) if isinstance(scan, Scan)]


def outline(scan: Scan) -> Detection:
    size = (scan.width, scan.height)
    whole = (0, 0, *size)
    return replace(
        make_detection(scan.name), series=scan.series, spacing=scan.spacing,
        _mask=(scan.pixels > 0.5).astype(np.float32), _geometry=Geometry(size, whole, whole, size),
    )  # fmt: skip


@pytest.mark.parametrize("orientation", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_lesion_lies_at_the_same_place_from_every_plane(orientation: tuple[int, int, int]):
    slices = to_study_slices(block_detections(orientation))
    boxes = {each.plane: each.box for each in slices if each.box is not None}
    assert set(boxes) == {Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL}
    for plane, box in boxes.items():
        normal = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}[plane]
        for axis, (first, last) in enumerate(BLOCK):
            low, high = first * SIZES[axis], last * SIZES[axis]
            if axis == normal:
                assert low <= box[axis][0] == box[axis][1] <= high
            else:
                assert box[axis] == pytest.approx((low, high), abs=max(SIZES))


def test_volume_of_the_outline_is_that_of_the_block():
    axial = [each for each in to_study_slices(block_detections((1, 1, 1))) if each.plane is Plane.AXIAL]
    outlined = [each for each in axial if each.area_pixels]
    assert [each.order for each in outlined] == list(range(36, 44))
    # 4 voxels of 1 mm by 6 voxels of 1.5 mm.
    assert outlined[0].area_mm2 == pytest.approx(36.0, rel=0.2)
    assert [each.millimetres for each in outlined] == [73.0 + 2.0 * number for number in range(8)]


def test_rejected_slices_and_sheets_do_not_vote():
    detection = make_detection("a.png")
    assert to_study_slice(detection, "0").votes
    for outside in (
        replace(detection, verdict=Verdict.NOT_BRAIN_MRI),
        replace(detection, verdict=Verdict.OUTSIDE_FIELD),
        replace(detection, verdict=Verdict.UNCERTAIN, picture=PictureKind.SHEET),
    ):
        assert not to_study_slice(outside, "0").votes


def test_pictures_without_a_series_keep_the_given_order():
    slices = to_study_slices([make_detection(name) for name in ("b.png", "a.png")])
    assert [(each.order, each.id, each.name) for each in slices] == [(0, "0", "b.png"), (1, "1", "a.png")]
    assert {each.millimetres for each in slices} == {None}
