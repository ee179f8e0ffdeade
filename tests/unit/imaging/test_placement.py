"""Where a slice lies in the patient: right after hanging, turns and crops, for DICOM and NIfTI."""

from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from braintumor.imaging import Scan, read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit, apply_edit
from braintumor.imaging.hanging import hang, place_slice
from braintumor.services.records.scan_file import pack_scan, unpack_scan
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import make_dicom
from tests.helpers.slices import read_slices
from tests.unit.imaging.test_hanging import ORIENTATIONS, encode_stack, reorder

GRAY_16 = make_arrays()["array-uint16"]
SHAPE = (40, 52)
CORNER = (-31.0, 12.0, 64.0)


def rotation(axis: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    cross = np.cross(np.eye(3), axis / np.linalg.norm(axis))
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def assert_in_place(scan: Scan, axis: int) -> None:
    """Each value of the scan is the coordinate of its pixel's centre along an axis."""
    assert scan.placement is not None
    assert scan.raw is not None
    for row, column in ((0, 0), (0, scan.width - 1), (scan.height - 1, 0), (scan.height // 2, scan.width // 3)):
        point = scan.placement.point((column + 0.5) / scan.width, (row + 0.5) / scan.height)
        assert point is not None
        assert scan.raw[row, column] == pytest.approx(point[axis], abs=1e-3)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(ORIENTATIONS), st.integers(0, 10_000), st.floats(0, 40), st.integers(0, 3), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_every_pixel_keeps_its_place_when_hung_cropped_and_turned(order, seed, degrees, turn, is_cropped, is_inverted):
    axes, signs = order
    directions = np.eye(3)[list(axes)] * np.array(signs)[:, None]
    across, along = (directions @ rotation(np.random.default_rng(seed).normal(size=3), degrees).T)[:2]
    spacing = (0.9, 0.6)
    rows, columns = np.indices(SHAPE)
    cosines = (*across, *along)
    placement = place_slice(cosines, cosines, SHAPE, spacing, CORNER, "f")
    edit = ScanEdit(turn, (3, 2, 36, 39) if is_cropped else None, is_inverted)
    for axis in range(3):
        stored = CORNER[axis] + columns * spacing[1] * across[axis] + rows * spacing[0] * along[axis]
        values, _ = hang(stored.astype(np.float32), cosines, spacing)
        scan = Scan(np.zeros(values.shape, np.float32), "s", "h", "F", 16, raw=values, placement=placement)
        scan.values[0, :] = scan.values[:, 5] = 1
        edited = apply_edit(scan, edit)
        if is_inverted:  # which exchanges values, not places
            assert edited.placement == apply_edit(scan, ScanEdit(edit.turn, edit.crop)).placement
        else:
            assert_in_place(edited, axis)


@pytest.mark.parametrize("seed", range(4))
def test_slices_of_nifti_and_dicom_lie_at_the_same_place(seed):
    rng = np.random.default_rng(seed)
    voxels, affine = reorder(*ORIENTATIONS[int(rng.integers(len(ORIENTATIONS)))])
    affine[:3, :3] = rotation(rng.normal(size=3), rng.uniform(0, 30)) @ affine[:3, :3]
    content = nibabel.Nifti1Image(voxels.astype(np.float32), affine).to_bytes()
    slices = [scan for scan in read_slices(content, "v.nii") if isinstance(scan, Scan)]
    places = {tuple(np.round(scan.raw[:2, :3].ravel())): scan.placement for scan in slices}
    scans = [scan for scan in read_slices(encode_stack(voxels, affine), "v.dcm") if isinstance(scan, Scan)]
    assert len(scans) > 30
    for scan in scans:
        expected = places[tuple(np.round(scan.raw[:2, :3].ravel()))]
        assert scan.placement.edge_letters() == expected.edge_letters()
        for name in ("corner", "right", "down"):
            assert getattr(scan.placement, name) == pytest.approx(getattr(expected, name), abs=1e-2)


def test_coordinates_of_a_volume_are_those_of_its_affine():
    affine = np.diag([1.1, 1.1, 1.1, 1.0])
    affine[:3, 3] = -20, 5, -9
    for axis, sign in enumerate((-1, -1, 1)):
        voxels = (sign * (1.1 * np.indices((34, 40, 36))[axis] + affine[axis, 3])).astype(np.float32)
        scans = list(read_slices(nibabel.Nifti1Image(voxels, affine).to_bytes(), "v.nii"))
        assert len({scan.series.plane for scan in scans}) >= 2
        for scan in scans[::9]:
            assert_in_place(scan, axis)


def dicom(cosines: list[Any]) -> Scan:
    return read_scan(make_dicom(GRAY_16, ImageOrientationPatient=cosines, PixelSpacing=["1", "1"]), "a.dcm")


def test_edges_have_the_letters_of_the_radiological_display():
    axial, coronal, sagittal = [1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1]
    assert dicom(axial).placement.edge_letters() == ("A", "L", "P", "R")
    assert dicom([-1, 0, 0, 0, -1, 0]).placement.edge_letters() == ("A", "L", "P", "R")
    assert dicom(coronal).placement.edge_letters() == ("S", "L", "I", "R")
    assert dicom(sagittal).placement.edge_letters() == ("S", "P", "I", "A")
    assert dicom([1, 0, 0, 0, 0.866, 0.5]).placement.edge_letters() == ("AI", "L", "PS", "R")
    assert apply_edit(dicom(axial), ScanEdit().turned(1)).placement.edge_letters() == ("R", "A", "L", "P")


def test_unknown_orientation_has_no_letters():
    assert dicom([]).placement is None
    content = nibabel.Nifti1Image(np.random.default_rng(1).normal(size=(40, 40, 40)).astype(np.float32), None)
    content.header.set_sform(None, 0)
    content.header.set_qform(None, 0)
    scan = next(scan for scan in read_slices(content.to_bytes(), "v.nii") if isinstance(scan, Scan))
    assert scan.placement.edge_letters() is None
    turned = apply_edit(scan, ScanEdit().turned(1))
    assert turned.is_oriented
    assert turned.placement.edge_letters() is None


def test_stored_scan_keeps_its_place():
    scan = dicom([1, 0, 0, 0, 1, 0])
    restored = unpack_scan(pack_scan(CompressedScan.from_scan(scan)), "a.dcm").to_scan()
    assert restored.placement == scan.placement
