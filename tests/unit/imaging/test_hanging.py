"""Hanging by orientation: DICOM slices in every orientation equal those of the same volume as NIfTI."""

import itertools

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from braintumor.imaging import Scan, read_scan
from braintumor.imaging.hanging import hang, has_valid_orientation, name_plane, resample_square
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import make_dicom, make_sequence
from tests.helpers.scan_files.volumes import make_volume
from tests.helpers.slices import read_slices

GRAY_16 = make_arrays()["array-uint16"]
VOXELS = np.random.default_rng(3).integers(1, 4096, (34, 40, 36)).astype(np.uint16)
SIZES = (0.8, 1.2, 1.4)
PLANES = ("sagittal", "coronal", "axial")
# DICOM counts x to the left and y to the back, NIfTI to the right and to the front.
LPS = np.array([-1.0, -1.0, 1.0])
ORIENTATIONS = list(itertools.product(itertools.permutations(range(3)), itertools.product((1, -1), repeat=3)))


def encode_stack(voxels: NDArray[np.uint16], affine: NDArray[np.float64]) -> bytes:
    """Encode voxels as a multi-frame DICOM file: columns along the first axis, rows along the second, then frames."""
    steps, corner = affine[:3, :3] * LPS[:, None], affine[:3, 3] * LPS
    sizes = np.linalg.norm(steps, axis=0)
    orientation = [float(cosine) for cosine in np.concatenate([steps[:, 0] / sizes[0], steps[:, 1] / sizes[1]])]
    shared = make_sequence(
        PlaneOrientationSequence=make_sequence(ImageOrientationPatient=[f"{cosine:.10f}" for cosine in orientation]),
        PixelMeasuresSequence=make_sequence(PixelSpacing=[f"{size:.6g}" for size in (sizes[1], sizes[0])]),
    )
    positions = [corner + index * steps[:, 2] for index in range(voxels.shape[2])]
    per_frame = [
        make_sequence(PlanePositionSequence=make_sequence(ImagePositionPatient=[f"{mm:.6f}" for mm in position]))[0]
        for position in positions
    ]
    frames = np.ascontiguousarray(voxels.transpose(2, 1, 0))
    return make_dicom(frames, SharedFunctionalGroupsSequence=shared, PerFrameFunctionalGroupsSequence=per_frame)


def reorder(axes: tuple[int, ...], signs: tuple[int, ...]) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Return the voxels of the upright volume in another storage order, and their affine."""
    voxels = VOXELS.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for axis, (target, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[target, axis] = sign * SIZES[target]
        if sign < 0:
            affine[target, 3] = (VOXELS.shape[target] - 1) * SIZES[target]
    return voxels, affine


@pytest.fixture(scope="module")
def nifti_slices() -> dict[str, list[Scan]]:
    content = make_volume(VOXELS.astype(np.float32), np.diag([*SIZES, 1.0]))
    scans = [scan for scan in read_slices(content, "v.nii") if isinstance(scan, Scan)]
    return {plane: [scan for scan in scans if f"[{plane} " in scan.name] for plane in PLANES}


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_dicom_in_every_orientation_equals_nifti(axes, signs, nifti_slices):
    voxels, affine = reorder(axes, signs)
    plane = PLANES[axes[2]]
    scans = [scan for scan in read_slices(encode_stack(voxels, affine), "v.dcm") if isinstance(scan, Scan)]
    for scan, expected in zip(scans, nifti_slices[plane], strict=True):
        np.testing.assert_array_equal(scan.raw, expected.raw)
        assert scan.spacing == pytest.approx(expected.spacing, abs=1e-5)
        assert scan.is_oriented
        assert plane in scan.series.title


@pytest.mark.parametrize("seed", range(12))
def test_oblique_slices_hang_as_the_nearest_plane_as_nifti_does(seed):
    rng = np.random.default_rng(seed)
    voxels, affine = reorder(*ORIENTATIONS[int(rng.integers(len(ORIENTATIONS)))])
    axis, angle = rng.normal(size=3), np.radians(rng.uniform(5, 40))
    cross = np.cross(np.eye(3), axis / np.linalg.norm(axis))
    rotation = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    affine[:3, :3] = rotation @ affine[:3, :3]
    nifti = nibabel.Nifti1Image(voxels.astype(np.float32), affine).to_bytes()
    normal_axis = int(nibabel.io_orientation(affine)[2, 0])
    expected = [scan for scan in read_slices(nifti, "v.nii") if f"[{PLANES[normal_axis]} " in scan.name]
    scans = [scan for scan in read_slices(encode_stack(voxels, affine), "v.dcm") if isinstance(scan, Scan)]
    for scan, other in zip(scans, expected, strict=True):
        np.testing.assert_array_equal(scan.raw, other.raw)


def test_values_window_and_spacing_follow_the_turn():
    tags = {"WindowCenter": "2000", "WindowWidth": "3000", "PixelSpacing": ["0.5", "1"]}
    upright = read_scan(make_dicom(GRAY_16, ImageOrientationPatient=[1, 0, 0, 0, 1, 0], **tags), "a.dcm")
    tags["PixelSpacing"] = ["1", "0.5"]
    turned = make_dicom(np.ascontiguousarray(GRAY_16.T[::-1]), ImageOrientationPatient=[0, 1, 0, -1, 0, 0], **tags)
    scan = read_scan(turned, "b.dcm")
    np.testing.assert_array_equal(scan.values, upright.values)
    np.testing.assert_array_equal(scan.raw, upright.raw)
    assert (scan.window, scan.spacing) == (upright.window, upright.spacing)


def test_eight_bit_slices_are_turned_too():
    gray = make_arrays()["array-uint8"]
    scan = read_scan(
        make_dicom(np.ascontiguousarray(gray[::-1, ::-1]), ImageOrientationPatient=[-1, 0, 0, 0, -1, 0]), "a"
    )
    np.testing.assert_array_equal(scan.values, gray)
    assert scan.is_oriented


@pytest.mark.parametrize(
    "cosines",
    [
        ["0"] * 6, ["1", "0", "0", "1", "0", "0"], ["1", "0", "0", "0.7", "0.7", "0"], ["1", "0", "0"],
        ["1", "0", "0", "0", "1", "0", "0"], ["0.5", "0", "0", "0", "0.5", "0"], ["1E300"] * 6, "",
    ],
)  # fmt: skip
def test_invalid_orientation_is_ignored(cosines):
    scan = read_scan(make_dicom(GRAY_16, ImageOrientationPatient=cosines), "a.dcm")
    np.testing.assert_array_equal(scan.raw, GRAY_16)
    assert not scan.is_oriented


def test_orientation_with_values_that_are_no_numbers_is_ignored():
    content = make_dicom(GRAY_16, ImageOrientationPatient=["0", "1.0001", "0", "1", "0", "0"])
    scan = read_scan(content.replace(b"1.0001", b"nan   "), "a.dcm")
    np.testing.assert_array_equal(scan.raw, GRAY_16)
    assert not scan.is_oriented
    assert not has_valid_orientation([float("nan"), 0, 0, 0, 1, 0])


def test_rounded_orientation_is_valid():
    scan = read_scan(make_dicom(GRAY_16, ImageOrientationPatient=["0.71", "-0.7", "0", "0", "0", "-1"]), "a.dcm")
    assert scan.is_oriented


def test_plane_is_named_within_45_degrees():
    def tilted(degrees):
        return [1, 0, 0, 0, np.cos(np.radians(degrees)), np.sin(np.radians(degrees))]

    assert [name_plane(tilted(degrees)) for degrees in (0, 44, 46, 90)] == ["axial", "axial", "coronal", "coronal"]
    row = np.array([1, -1, 0]) / np.sqrt(2)
    assert name_plane([*row, *np.cross(np.ones(3) / np.sqrt(3), row)]) == "oblique"
    assert name_plane([]) == ""


def test_hang_keeps_the_type_and_every_pixel():
    values = np.arange(6, dtype=np.uint8).reshape(2, 3)
    turned, spacing = hang(values, [0, -1, 0, 1, 0, 0], (2.0, 3.0))
    np.testing.assert_array_equal(turned, [[2, 5], [1, 4], [0, 3]])
    assert (turned.dtype, spacing) == (np.uint8, (3.0, 2.0))


def test_square_pixels_have_the_smaller_spacing():
    values, spacing = resample_square(np.zeros((20, 100), np.float32), (5.0, 1.0))
    assert (values.shape, spacing) == ((100, 100), (1.0, 1.0))
    for implausible in ((50.0, 1.0), (1.01, 1.0)):
        assert resample_square(values, implausible) == (values, implausible)
