"""NIfTI headers with missing or invalid fields: a safe default and a warning."""

import nibabel
import numpy as np
import pytest

from braintumor.imaging import Scan
from braintumor.imaging.containers.nifti_header import (
    UNKNOWN_ORIENTATION_WARNING,
    parse_nifti_header,
)
from tests.helpers.scan_files.volumes import CASES, make_volume, make_voxels, set_fields
from tests.helpers.slices import read_slices

# A volume stored in another order than right, anterior, superior, so that ignoring its transform changes the slices.
AFFINE = np.array([[0, 0, 2.0, 0], [-2.0, 0, 0, 0], [0, -2.0, 0, 0], [0, 0, 0, 1]])
NO_QFORM = {"qform_code": 0}
ZERO_SFORM = {"srow_x": [0] * 4, "srow_y": [0] * 4, "srow_z": [0] * 4}
NAN_SFORM = {"srow_y": [np.nan] * 4}
NAN_QUATERNION = {"quatern_b": np.nan}


def make_turned() -> bytes:
    image = nibabel.Nifti1Image(make_voxels(), AFFINE)
    image.set_qform(AFFINE, 1)
    image.set_sform(AFFINE, 2)
    return image.to_bytes()


def assert_same_slices(results, expected):
    for scan, other in zip(results, expected, strict=True):
        assert isinstance(scan, Scan)
        np.testing.assert_array_equal(scan.raw, other.raw)


@pytest.mark.parametrize(
    "fields",
    [
        ZERO_SFORM | NO_QFORM,
        NAN_SFORM | NO_QFORM,
        {"srow_x": [np.inf, 0, 0, 0]} | NO_QFORM,
        {"srow_x": [1, 0, 0, 0], "srow_y": [1, 0, 0, 0]} | NO_QFORM,  # two axes in the same direction
        {"sform_code": 0, "qform_code": 0},
        {"sform_code": 0} | NAN_QUATERNION,
        {"sform_code": 0, "quatern_b": 3, "quatern_c": 4, "quatern_d": 5},
        ZERO_SFORM | NAN_QUATERNION,
    ],
    ids=["zero", "nan", "infinite", "singular", "no codes", "nan quaternion", "long quaternion", "both invalid"],
)
def test_volume_without_a_usable_transform_is_read_in_stored_order_with_a_warning(fields):
    scans = list(read_slices(set_fields(make_turned(), **fields), "v.nii"))
    assert_same_slices(scans, read_slices(make_volume(affine=np.diag([2.0, 2.0, 2.0, 1.0])), "v.nii"))
    assert {scan.warnings for scan in scans} == {(UNKNOWN_ORIENTATION_WARNING,)}
    assert not any(scan.is_oriented for scan in scans)
    assert {scan.spacing for scan in scans} == {(2.0, 2.0)}


@pytest.mark.parametrize("fields", [ZERO_SFORM, NAN_SFORM])
def test_valid_quaternion_replaces_an_invalid_matrix(fields):
    scans = list(read_slices(set_fields(make_turned(), **fields), "v.nii"))
    assert_same_slices(scans, read_slices(make_turned(), "v.nii"))
    assert all(scan.is_oriented and "qform" in scan.warnings[0] for scan in scans)


@pytest.mark.parametrize(
    "fields",
    [{}, NAN_QUATERNION, {"qform_code": 0}, {"pixdim": [0, 2, 2, 2]}, {"srow_x": [0, 0, 2, np.nan]}],
    ids=["valid", "nan quaternion", "no quaternion", "no handedness", "nan offset"],
)
def test_valid_matrix_is_used_without_a_warning(fields):
    scans = list(read_slices(set_fields(make_turned(), **fields), "v.nii"))
    assert_same_slices(scans, read_slices(make_turned(), "v.nii"))
    assert all(scan.is_oriented and not scan.warnings for scan in scans)


def test_quaternion_longer_than_one_by_rounding_is_a_rotation():
    content = set_fields(make_turned(), sform_code=0)
    rounded = parse_nifti_header(set_fields(content, quatern_b=0.5003, quatern_c=-0.5002, quatern_d=0.5001))
    assert rounded.is_oriented
    np.testing.assert_allclose(rounded.affine[:3, :3] @ rounded.affine[:3, :3].T, 4 * np.eye(3), atol=0.01)


@pytest.mark.parametrize(("slope", "intercept"), [(2.0, np.nan), (2.0, np.inf), (2.0, -np.inf)])
def test_invalid_intercept_is_zero_with_a_warning(slope, intercept):
    content = set_fields(make_volume(), scl_slope=slope, scl_inter=intercept)
    scans = list(read_slices(content, "v.nii"))
    for scan, other in zip(scans, read_slices(make_volume(), "v.nii"), strict=True):
        np.testing.assert_allclose(scan.raw, 2 * other.raw)
        assert "scl_inter" in scan.warnings[0]


@pytest.mark.parametrize("slope", [0, np.nan, np.inf])
def test_scaling_without_a_slope_is_ignored(slope):
    scans = list(read_slices(set_fields(make_volume(), scl_slope=slope, scl_inter=7), "v.nii"))
    assert_same_slices(scans, read_slices(make_volume(), "v.nii"))
    assert any(scan.warnings for scan in scans) == np.isinf(slope)


@pytest.mark.parametrize("sizes", [[1, 0, 0, 0], [1, np.nan, 2, 2], [1, 2, np.inf, 2]])
def test_missing_voxel_sizes_come_from_the_matrix_or_nothing_is_measured(sizes):
    scans = list(read_slices(set_fields(make_turned(), pixdim=sizes), "v.nii"))
    assert_same_slices(scans, read_slices(make_turned(), "v.nii"))
    assert {scan.spacing for scan in scans} == {(2.0, 2.0)}
    unknown = list(read_slices(set_fields(make_turned(), pixdim=sizes, **ZERO_SFORM, **NO_QFORM), "v.nii"))
    assert {scan.spacing for scan in unknown} == {None}
    assert all("voxel sizes" in scan.warnings[-1] for scan in unknown)


@pytest.mark.parametrize("offset", [0, 100, np.nan, -5])
def test_voxels_start_after_the_header_if_the_offset_is_invalid(offset):
    assert_same_slices(
        read_slices(set_fields(make_volume(), vox_offset=offset), "v.nii"), read_slices(make_volume(), "v.nii")
    )


def test_big_endian_volume_gives_the_same_slices():
    image = nibabel.Nifti1Image(make_voxels(), np.eye(4), nibabel.Nifti1Header(endianness=">"))
    assert image.to_bytes()[:4] == b"\0\0\1\x5c"
    assert_same_slices(read_slices(image.to_bytes(), "v.nii"), read_slices(make_volume(), "v.nii"))


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
@pytest.mark.parametrize(("name", "word"), [("inter_nan.nii", "scaling"), ("sform_zero.nii", "sform")])
def test_collected_volume_is_read_with_a_warning(name, word):
    scans = list(read_slices(CASES / name, name))
    assert len(scans) > 100
    assert all(isinstance(scan, Scan) and word in scan.warnings[0] for scan in scans)
