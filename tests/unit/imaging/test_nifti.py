"""NIfTI volumes: slices along each plane in radiological orientation, for every storage order."""

import gzip
from contextlib import ExitStack
from typing import Any

import nibabel
import numpy as np
import pytest

from braintumor.enums import Plane
from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, read_scan, volume
from braintumor.imaging.scan import SliceSource
from braintumor.imaging.scan_iterator import iter_slice_sources
from braintumor.imaging.volume import Volume
from braintumor.settings import Settings
from tests.helpers.scan_files.volumes import SHAPE, make_volume, make_voxels, set_fields
from tests.helpers.slices import read_slices


def slices_of(results, plane):
    return [scan for scan in results if f"[{plane} " in scan.name]


def test_each_plane_is_a_series_in_order():
    scans = list(read_slices(make_volume(), "v.nii"))
    assert all(isinstance(scan, Scan) for scan in scans)
    for plane, count in (("axial", 36), ("coronal", 48), ("sagittal", 40 - 2)):  # blank slices are skipped
        slices = slices_of(scans, plane)
        assert len(slices) == count
        assert [scan.series.index for scan in slices] == sorted(scan.series.index for scan in slices)
        assert len({scan.series.key for scan in slices}) == 1
    assert len({scan.series.key for scan in scans}) == 3
    assert {scan.sha256 for scan in scans} == {scans[0].sha256}


def test_slices_have_radiological_orientation():
    scans = list(read_slices(make_volume(), "v.nii"))
    axial, coronal, sagittal = (slices_of(scans, plane)[20].raw for plane in ("axial", "coronal", "sagittal"))
    for raw in (axial, coronal):
        assert (np.diff(raw[:, 1:-1], axis=1) < 0).all(), "the patient's right is on the left"
    assert (np.diff(sagittal, axis=1) < 0).all(), "anterior is on the left"
    assert (np.diff(axial[:, 5]) < 0).all(), "anterior is up"
    for raw in (coronal, sagittal):
        assert (np.diff(raw[:, 5]) < 0).all(), "superior is up"


@pytest.mark.parametrize("code", ["RAS", "LPS", "PIR", "SAL", "ALI"])
def test_storage_order_does_not_change_the_slices(code):
    upright = nibabel.Nifti1Image(make_voxels(), np.eye(4))
    transform = nibabel.orientations.ornt_transform(
        nibabel.io_orientation(np.eye(4)), nibabel.orientations.axcodes2ornt(code)
    )
    stored = upright.as_reoriented(transform)
    expected, scans = (list(read_slices(image.to_bytes(), "v.nii")) for image in (upright, stored))
    for scan, other in zip(expected, scans, strict=True):
        np.testing.assert_array_equal(scan.raw, other.raw)


def test_thick_slices_are_resampled_to_square_pixels():
    scans = list(read_slices(make_volume(affine=np.diag([0.5, 0.5, 2.0, 1.0])), "v.nii"))
    axial, coronal = slices_of(scans, "axial")[0], slices_of(scans, "coronal")[0]
    assert (axial.height, axial.width, axial.spacing) == (48, 40, (0.5, 0.5))
    assert (coronal.height, coronal.width, coronal.spacing) == (36 * 4, 40, (0.5, 0.5))


def test_compressed_scaled_and_nifti2_volumes_give_the_same_slices():
    plain = list(read_slices(make_volume(), "v.nii"))
    integers = make_voxels().astype(np.int32)
    rescaled_content = bytearray(nibabel.Nifti1Image(integers, np.eye(4)).to_bytes())
    rescaled_content[112:120] = np.array([2.0, 100.0], "<f4").tobytes()
    for content, name in (
        (gzip.compress(make_volume(), mtime=0), "v.nii.gz"),
        (make_volume(image_class=nibabel.Nifti2Image), "v.nii"),
    ):
        for scan, other in zip(plain, read_slices(content, name), strict=True):
            np.testing.assert_array_equal(scan.raw, other.raw)
    rescaled = next(read_slices(bytes(rescaled_content), "v.nii"))
    np.testing.assert_allclose(rescaled.raw, 2 * plain[0].raw + 100)
    np.testing.assert_array_equal(rescaled.to_uint8(), plain[0].to_uint8())


def test_first_volume_of_a_time_series_is_read_with_a_warning():
    scans = list(read_slices(make_volume(np.stack([make_voxels(), 2 * make_voxels()], axis=3)), "v.nii"))
    np.testing.assert_array_equal(scans[0].raw, next(read_slices(make_volume(), "v.nii")).raw)
    assert all("several volumes" in scan.warnings[0] for scan in scans)


def test_all_slices_share_one_window():
    assert len({scan.window for scan in read_slices(make_volume(), "v.nii")}) == 1


def test_small_planes_are_skipped_and_slices_are_limited():
    thin = make_volume(make_voxels()[:, :, :5])
    assert {scan.name.split("[")[1].split()[0] for scan in read_slices(thin, "v.nii")} == {"axial"}
    (small,) = read_slices(make_volume(make_voxels()[:9, :9, :9]), "v.nii")
    assert "too small to read" in small.problem
    (many,) = read_slices(make_volume(), "v.nii", Settings(max_frames=100))
    assert "more than the 100 slices" in many.problem


@pytest.mark.parametrize(
    ("dtype", "problem"),
    [
        (np.complex64, "are complex, not real numbers"), (np.complex128, "are complex, not real numbers"),
        ([("R", "u1"), ("G", "u1"), ("B", "u1")], "are colours, not grey values"),
        ([("R", "u1"), ("G", "u1"), ("B", "u1"), ("A", "u1")], "are colours, not grey values"),
    ],
)  # fmt: skip
def test_voxels_that_are_not_real_numbers_are_rejected_by_name(dtype, problem):
    (failed,) = read_slices(make_volume(np.zeros(SHAPE, dtype)), "v.nii")
    assert isinstance(failed, FailedScan)
    assert failed.problem.startswith(f"v.nii: its voxels {problem}")


@pytest.mark.parametrize("code", [1536, 1, 0])
def test_voxels_of_128_or_1_bit_or_of_no_type_are_rejected(code):
    (failed,) = read_slices(set_fields(make_volume(), datatype=code), "v.nii")
    assert failed.problem.startswith("v.nii: its voxels have a type that is not supported")


def test_volume_is_not_a_single_scan():
    with pytest.raises(ScanError, match="many slices, but a single slice is expected"):
        read_scan(make_volume(), "v.nii")


def test_nan_voxels_are_black_and_do_not_fail_a_slice():
    values = make_voxels()
    outside = values == 0
    stripped = np.where(outside, np.nan, values).astype(np.float32)
    scans = list(read_slices(make_volume(stripped), "stripped.nii"))
    assert scans
    assert all(isinstance(scan, Scan) for scan in scans)
    middle = slices_of(scans, "axial")[10]
    assert np.isfinite(middle.raw).all()
    assert max(middle.pixels[:, 0].max(), middle.pixels[:, -1].max()) < 1 / 255


@pytest.mark.parametrize("around", [0, -1, np.nan])
def test_small_head_between_the_voxels_that_are_sampled_is_read(around, monkeypatch):
    monkeypatch.setattr(volume, "_PERCENTILE_SAMPLE_SIZE", 1000)
    values = np.full((40, 48, 40), around, np.float32)
    values[1:39, 1:47, 1:3] = make_voxels()[1:39, 1:47, 1:3]
    scans = slices_of(read_slices(make_volume(values), "v.nii"), "axial")
    assert [scan.name for scan in scans] == ["v.nii [axial 2]", "v.nii [axial 3]"]
    assert scans[1].to_uint8().max() == 255


def test_pixel_limit_applies_after_resampling():
    content = make_volume(affine=np.diag([0.5, 0.5, 4.5, 1.0]))  # nine times as high after resampling
    allowed = Settings(max_pixels=4 * 40 * 36 * 9)
    assert all(isinstance(scan, Scan) for scan in slices_of(read_slices(content, "v.nii", allowed), "coronal"))
    (failed,) = read_slices(content, "v.nii", Settings(max_pixels=4 * 40 * 36 * 9 - 4))
    assert isinstance(failed, FailedScan)
    assert "pixels is more than" in failed.problem


def test_every_time_point_is_a_series_if_asked():
    volumes = [make_voxels() * factor for factor in (1, 2, 3)]
    content = make_volume(np.stack(volumes, axis=3))
    scans = list(read_slices(content, "v.nii", Settings(all_time_points=True)))
    assert len({scan.series.key for scan in scans}) == 3 * 3
    second = [scan for scan in scans if "[time point 2, axial " in scan.name]
    assert {scan.series.title for scan in second} == {"Axial, 36 slices, time point 2 of 3"}
    for scan, other in zip(second, slices_of(read_slices(make_volume(volumes[1]), "v.nii"), "axial"), strict=True):
        np.testing.assert_array_equal(scan.raw, other.raw)
        assert not scan.warnings
    (failed,) = read_slices(content, "v.nii", Settings(all_time_points=True, max_frames=200))
    assert "more than the 200 slices" in failed.problem


def test_single_slice_without_a_third_dimension_is_read():
    (scan,) = read_slices(make_volume(make_voxels()[:, :, 20]), "v.nii")
    np.testing.assert_array_equal(scan.raw, slices_of(read_slices(make_volume(), "v.nii"), "axial")[20].raw)


@pytest.mark.parametrize("bytes_missing", [1, 1_000])
def test_truncated_volume_is_rejected(bytes_missing):
    for content, name in ((make_volume(), "v.nii"), (gzip.compress(make_volume(), mtime=0), "v.nii.gz")):
        (failed,) = read_slices(content[:-bytes_missing] if name == "v.nii" else content[: -20 * bytes_missing], name)
        assert "truncated or damaged" in failed.problem


def test_slices_are_decoded_only_when_they_are_read(monkeypatch: pytest.MonkeyPatch):
    decoded: list[int] = []
    slice_with_padding = Volume.slice_with_padding

    def record(self: Volume, axis: int, index: int) -> Any:
        decoded.append(index)
        return slice_with_padding(self, axis, index)

    monkeypatch.setattr(Volume, "slice_with_padding", record)
    content = nibabel.Nifti1Image(np.arange(40**3, dtype=np.float32).reshape(40, 40, 40), np.eye(4)).to_bytes()
    with ExitStack() as stack:
        sources = list(iter_slice_sources([("a.nii", content)], Settings(), stack))
        assert (len(sources), decoded) == (120, [])
        source = sources[7]
        assert isinstance(source, SliceSource)
        assert source.read() is not None
    assert decoded == [7]


def test_slices_know_their_plane_and_position_and_whether_they_are_reformatted():
    content = nibabel.Nifti1Image(
        np.arange(40**3, dtype=np.float32).reshape(40, 40, 40), np.diag([1.0, 1.0, 5.0, 1.0])
    ).to_bytes()
    scans = [scan for scan in read_slices(content, "a.nii") if isinstance(scan, Scan)]
    positions = {scan.series.plane: scan.series for scan in scans if scan.series is not None}
    assert {plane: series.is_reformatted for plane, series in positions.items()} == {
        Plane.AXIAL: False, Plane.CORONAL: True, Plane.SAGITTAL: True,
    }  # fmt: skip
    assert len({series.volume for series in positions.values()}) == 1
    assert positions[Plane.AXIAL].millimetres == pytest.approx(5.0 * 39.5)
