"""Siemens mosaics: split into slices, by the header or by the pixels."""

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import TumorClass
from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.dicom.mosaic import detect_side
from tests.helpers.dicoms import make_dicom
from tests.helpers.enhanced import add_private, make_mosaic, make_mosaic_pixels
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices

AXIAL = [1, 0, 0, 0, 1, 0]


def make_slices(count: int, size: int = 64) -> np.ndarray:
    """Make slices that grow and differ in brightness; the third row marks the number of the slice."""
    slices = []
    for number in range(count):
        pixels = make_phantom(TumorClass.GLIOMA, number, size).pixels.astype(np.uint16)
        pixels = pixels if pixels.ndim == 2 else pixels[..., 0]
        slices.append(pixels * (8 + number % 3))
    stack = np.stack(slices)
    stack[:, 2, 2] = np.arange(1, count + 1)
    return stack


def read_numbers(content: bytes) -> list[int]:
    """Return the numbers of the slices, in the order in which they are read."""
    scans = list(read_slices(content, "mosaic.dcm"))
    assert all(isinstance(scan, Scan) for scan in scans), scans
    return [int(scan.raw[2, 2]) for scan in scans]


@pytest.mark.parametrize(
    ("count", "side", "size"), [(16, 4, 64), (13, 4, 64), (9, 3, 48), (30, 6, 40), (36, 6, 64), (2, 2, 64)]
)
def test_mosaic_is_split_into_its_slices(count, side, size):
    slices = make_slices(count, size)
    scans = list(read_slices(make_mosaic(slices, side), "mosaic.dcm"))
    assert [scan.name for scan in scans] == [f"mosaic.dcm [frame {number}]" for number in range(1, count + 1)]
    for scan, expected in zip(scans, slices, strict=True):
        np.testing.assert_array_equal(scan.raw, expected)
        assert (scan.series.count, scan.height, scan.width) == (count, size, size)


def test_number_of_slices_is_read_from_the_private_tag():
    slices = make_slices(12)
    slices[-2:] = 0
    slices[-2:, :8, :8] = 1
    content = make_mosaic(slices, 4, ImageType=["ORIGINAL", "PRIMARY"])
    assert len(list(read_slices(content, "a.dcm"))) == 1
    tagged = add_private(content, 0x0019, "SIEMENS MR HEADER", 0x0A, "US", 12)
    assert len(list(read_slices(tagged, "a.dcm"))) == 12


def test_number_of_slices_is_read_from_locations_in_acquisition():
    content = add_private(make_mosaic(make_slices(10), 4), 0x0021, "GEMS_RELA_01", 0x4F, "SS", 10)
    assert read_numbers(content) == list(range(1, 11))


def test_wrong_number_of_slices_is_replaced_by_what_the_pixels_show():
    content = add_private(make_mosaic(make_slices(16), 4), 0x0019, "SIEMENS MR HEADER", 0x0A, "US", 40)
    assert read_numbers(content) == list(range(1, 17))


def test_slices_are_sorted_and_hung_as_their_orientation_states():
    slices = make_slices(16)
    tags = {"ImagePositionPatient": [0, 0, 10], "SpacingBetweenSlices": "4", "PixelSpacing": ["3", "3"]}
    assert read_numbers(make_mosaic(slices, 4, ImageOrientationPatient=AXIAL, **tags)) == list(range(1, 17))
    flipped = make_mosaic(slices[:, :, ::-1], 4, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0], **tags)
    assert read_numbers(flipped) == list(reversed(range(1, 17))), "the normal points to the feet"
    assert all(scan.is_oriented and scan.spacing == (3.0, 3.0) for scan in read_slices(flipped, "a.dcm"))


def test_slices_without_distance_stay_in_the_order_of_the_tiles():
    flipped = make_mosaic(make_slices(9)[:, :, ::-1], 3, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0])
    assert read_numbers(flipped) == list(range(1, 10))


def test_noisy_mosaic_is_split():
    slices = make_slices(25)
    noise = np.random.default_rng(2).normal(0, 60, slices.shape)
    noisy = np.clip(slices + noise, 0, 4095).astype(np.uint16)
    assert detect_side(make_mosaic_pixels(noisy, 5)) == 5


@pytest.mark.parametrize("size", [64, 96, 256])
def test_plain_slice_has_no_tiles(size):
    assert detect_side(make_slices(1, size)[0]) is None


def test_acquisition_matrix_replaces_tiles_that_differ():
    rng = np.random.default_rng(4)
    slices = rng.integers(1, 4000, (16, 64, 64)).astype(np.uint16)
    content = make_mosaic(slices, 4, AcquisitionMatrix=[64, 0, 0, 64])
    assert len(list(read_slices(content, "a.dcm"))) == 16
    (failed,) = read_slices(make_mosaic(slices, 4), "a.dcm")
    assert isinstance(failed, FailedScan)
    assert failed.problem.startswith("a.dcm: this is a mosaic of many slices")


def test_plain_slice_without_mosaic_type_is_not_split():
    assert len(list(read_slices(make_dicom(make_mosaic_pixels(make_slices(16), 4)), "a.dcm"))) == 1


@pytest.mark.skipif(not CASES.is_dir(), reason="the inputs lie outside the repository")
def test_real_mosaic_is_split():
    scans = list(read_slices(CASES / "mosaic_4x4.dcm", "mosaic_4x4.dcm"))
    assert [(scan.height, scan.width, scan.series.count) for scan in scans] == [(64, 64, 16)] * 16
