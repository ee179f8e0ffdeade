"""Volumes: cut along each plane, the way a radiologist hangs them, whatever way they are stored."""

import gzip

import nibabel
import numpy as np
import pytest

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, read_scan
from braintumor.settings import Settings
from tests.helpers.slices import read_slices

SHAPE = (40, 48, 36)


def body() -> np.ndarray:
    """A block in the dark, brighter to the right, more so to the front, most to the top."""
    right, front, top = np.meshgrid(*(np.arange(size) for size in SHAPE), indexing="ij")
    values = (right + 100 * front + 10_000 * top).astype(np.float32)
    values[0] = values[-1] = 0
    return values


def volume(values=None, affine=None, kind=nibabel.Nifti1Image) -> bytes:
    return kind(body() if values is None else values, np.eye(4) if affine is None else affine).to_bytes()


def of_plane(found, plane):
    return [one for one in found if f"[{plane} " in one.name]


def test_each_plane_is_a_series_in_order():
    found = list(read_slices(volume(), "v.nii"))
    assert all(isinstance(one, Scan) for one in found)
    for plane, count in (("axial", 36), ("coronal", 48), ("sagittal", 40 - 2)):  # blank ones are passed over
        slices = of_plane(found, plane)
        assert len(slices) == count
        assert [one.series.index for one in slices] == sorted(one.series.index for one in slices)
        assert len({one.series.key for one in slices}) == 1
    assert len({one.series.key for one in found}) == 3
    assert {one.sha256 for one in found} == {found[0].sha256}


def test_right_is_left_and_front_or_top_is_up():
    found = list(read_slices(volume(), "v.nii"))
    axial, coronal, sagittal = (of_plane(found, plane)[20].raw for plane in ("axial", "coronal", "sagittal"))
    for raw in (axial, coronal):
        assert (np.diff(raw[:, 1:-1], axis=1) < 0).all(), "the patient's right on the left"
    assert (np.diff(sagittal, axis=1) < 0).all(), "the front on the left"
    assert (np.diff(axial[:, 5]) < 0).all(), "the front up"
    for raw in (coronal, sagittal):
        assert (np.diff(raw[:, 5]) < 0).all(), "the top up"


@pytest.mark.parametrize("code", ["RAS", "LPS", "PIR", "SAL", "ALI"])
def test_every_way_of_storing_gives_the_same_slices(code):
    upright = nibabel.Nifti1Image(body(), np.eye(4))
    way = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(np.eye(4)), nibabel.orientations.axcodes2ornt(code)
    )
    stored = upright.as_reoriented(way)
    expected, found = (list(read_slices(one.to_bytes(), "v.nii")) for one in (upright, stored))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one.raw, other.raw)


def test_thick_slices_are_made_square_and_say_how_large_their_pixels_are():
    found = list(read_slices(volume(affine=np.diag([0.5, 0.5, 2.0, 1.0])), "v.nii"))
    axial, coronal = of_plane(found, "axial")[0], of_plane(found, "coronal")[0]
    assert (axial.height, axial.width, axial.spacing) == (48, 40, (0.5, 0.5))
    assert (coronal.height, coronal.width, coronal.spacing) == (36 * 4, 40, (0.5, 0.5))


def test_packed_scaled_and_second_version_volumes_read_alike():
    plain = list(read_slices(volume(), "v.nii"))
    whole = body().astype(np.int32)
    content = bytearray(nibabel.Nifti1Image(whole, np.eye(4)).to_bytes())
    content[112:120] = np.array([2.0, 100.0], "<f4").tobytes()
    for other, name in (
        (gzip.compress(volume()), "v.nii.gz"),
        (volume(kind=nibabel.Nifti2Image), "v.nii"),
    ):
        for one, again in zip(plain, read_slices(other, name), strict=True):
            np.testing.assert_array_equal(one.raw, again.raw)
    rescaled = next(read_slices(bytes(content), "v.nii"))
    np.testing.assert_allclose(rescaled.raw, 2 * plain[0].raw + 100)
    np.testing.assert_array_equal(rescaled.to_uint8(), plain[0].to_uint8())


def test_the_first_of_several_volumes_is_read_with_a_warning():
    found = list(read_slices(volume(np.stack([body(), 2 * body()], axis=3)), "v.nii"))
    np.testing.assert_array_equal(found[0].raw, next(read_slices(volume(), "v.nii")).raw)
    assert all("several volumes" in one.warnings[0] for one in found)


def test_slices_share_one_window():
    assert len({one.window for one in read_slices(volume(), "v.nii")}) == 1


def test_planes_of_too_few_voxels_are_left_out_and_too_many_slices_refused():
    thin = volume(body()[:, :, :5])
    assert {one.name.split("[")[1].split()[0] for one in read_slices(thin, "v.nii")} == {"axial"}
    (small,) = read_slices(volume(body()[:9, :9, :9]), "v.nii")
    assert "too few to read" in small.problem
    (many,) = read_slices(volume(), "v.nii", Settings(max_frames=100))
    assert "more than the 100 slices" in many.problem


def test_colours_and_complex_numbers_are_refused():
    (refused,) = read_slices(volume(np.ones(SHAPE, np.complex64)), "v.nii")
    assert isinstance(refused, FailedScan)
    assert "no real numbers" in refused.problem


def test_a_volume_is_no_single_scan():
    with pytest.raises(ScanError, match="many slices where one is wanted"):
        read_scan(volume(), "v.nii")


def test_voxels_without_a_number_around_a_brain_are_dark_and_cost_no_slice():
    values = body()
    outside = values == 0
    stripped = np.where(outside, np.nan, values).astype(np.float32)
    found = list(read_slices(volume(stripped), "stripped.nii"))
    assert found
    assert all(isinstance(one, Scan) for one in found)
    middle = of_plane(found, "axial")[10]
    assert np.isfinite(middle.raw).all()
    assert max(middle.pixels[:, 0].max(), middle.pixels[:, -1].max()) < 1 / 255


def test_slices_are_not_made_square_beyond_the_pixels_allowed():
    content = volume(affine=np.diag([0.5, 0.5, 4.5, 1.0]))  # nine times as high once they are square
    allowed = Settings(max_pixels=4 * 40 * 36 * 9)
    assert all(isinstance(one, Scan) for one in of_plane(read_slices(content, "v.nii", allowed), "coronal"))
    (refused,) = read_slices(content, "v.nii", Settings(max_pixels=4 * 40 * 36 * 9 - 4))
    assert isinstance(refused, FailedScan)
    assert "pixels is more than" in refused.problem
