"""Padding fills the border with a value that takes no part in windowing and is black."""

import nibabel
import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import preprocess, read_scan
from braintumor.imaging.model_gray import model_gray
from braintumor.imaging.preprocessing import InputSpec
from braintumor.imaging.windowing import find_padding
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices
from tests.helpers.tiffs import make_tiff

SLICE = make_phantom(CLASSES[0], 3).pixels.astype(np.float32) * 8
ROWS, COLUMNS = np.mgrid[-128:128, -128:128]
OUTSIDE = ROWS**2 + COLUMNS**2 > 120**2
CUSTOMARY = (-32768, -3024, -2000, -1024, 32767, 65535)


def pad(value: float, values: np.ndarray = SLICE) -> np.ndarray:
    return np.where(OUTSIDE, np.float32(value), values)


def assert_black_and_ignored(scan) -> None:
    assert scan.to_uint8()[OUTSIDE].max() == 0
    expected = read_scan(pad(SLICE[~OUTSIDE].min()), "unpadded")
    assert np.abs(model_gray(scan).astype(int) - model_gray(expected)).max() <= 1
    assert scan.window[0] - scan.window[1] / 2 >= SLICE.min()
    assert scan.raw.min() >= SLICE.min()


@pytest.mark.parametrize("value", [*CUSTOMARY, -9999, -8192, 1e9, np.nan, np.inf, -np.inf, -3.4e38])
def test_padding_at_the_border_is_black_in_an_array(value):
    assert_black_and_ignored(read_scan(pad(value)))


@pytest.mark.parametrize("value", [-32768, -2000, -1024, np.nan])
def test_padding_at_the_border_is_black_in_tiff(value):
    dtype = np.float32 if np.isnan(value) else np.int16
    assert_black_and_ignored(read_scan(make_tiff(pad(value).astype(dtype))))


@pytest.mark.parametrize("value", [-32768, -2000, -1024, np.nan])
def test_padding_at_the_border_is_black_in_nifti(value):
    dtype = np.float32 if np.isnan(value) else np.int16
    voxels = np.repeat(pad(value)[::-1, ::-1].T[..., None], 3, axis=2).astype(dtype)
    first = next(iter(read_slices(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes(), "a.nii")))
    assert_black_and_ignored(first)


@pytest.mark.parametrize("value", [-32768, -2000, -1024])
@pytest.mark.parametrize("is_stated", [False, True])
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_padding_is_black_in_dicom(value, is_stated, photometric):
    stored = SLICE.max() + SLICE.min() - SLICE if photometric == "MONOCHROME1" else SLICE
    tags = {"PixelPaddingValue": value} if is_stated else {}
    content = make_dicom(pad(value, stored).astype(np.int16), PhotometricInterpretation=photometric, **tags)
    assert_black_and_ignored(read_scan(content))


@pytest.mark.parametrize(
    "tags", [{"PixelPaddingValue": 5000}, {"PixelPaddingValue": 4900, "PixelPaddingRangeLimit": 5100}]
)
def test_stated_padding_of_any_value_is_ignored(tags):
    stored = pad(5000).astype(np.int16)
    assert_black_and_ignored(read_scan(make_dicom(stored, **tags)))


def test_interpolated_rim_of_padding_is_padding():
    values = pad(-32768)
    is_rim = np.abs(np.hypot(ROWS, COLUMNS) - 120) < 1
    values[is_rim] = np.linspace(-30_000, -5000, np.count_nonzero(is_rim))
    scan = read_scan(values)
    assert scan.raw.min() >= 0
    assert scan.to_uint8()[is_rim & ~OUTSIDE].max() == 0


def test_air_of_a_ct_is_no_padding():
    hounsfield = np.clip(SLICE - 1000 + np.random.default_rng(0).normal(0, 12, SLICE.shape), -1024, None)
    hounsfield[OUTSIDE] = -1024
    assert find_padding(hounsfield.astype(np.float32)) is None


@pytest.mark.parametrize("value", [0, 96, 4095])
def test_ordinary_background_is_no_padding(value):
    assert find_padding(pad(value)) is None


def test_saturated_highlight_is_no_padding():
    values = np.minimum(SLICE * 40, 65535)
    values[:20, 100:150] = 65535
    values[100:140, 100:140] = 65535
    assert find_padding(values) is None


def test_signed_values_without_padding_are_measured_values():
    assert find_padding(SLICE - 1024) is None
    assert find_padding(SLICE - 32768) is None


@pytest.mark.parametrize("value", [0, 96])
def test_padding_value_amid_the_values_that_the_file_does_not_use_changes_nothing(value):
    stored = SLICE.astype(np.int16)
    spec = InputSpec(height=75, width=75)
    stated, plain = (
        preprocess(read_scan(make_dicom(stored, **tags)), spec)[0].astype(int)
        for tags in ({"PixelPaddingValue": value}, {})
    )
    assert np.abs(stated - plain).max() <= 12


@pytest.mark.parametrize("suffix", ["array", "nii", "tif"])
def test_background_of_0_around_standardized_values_is_black(suffix):
    head = (SLICE - SLICE[~OUTSIDE].mean()) / SLICE[~OUTSIDE].std()
    values = pad(0, head).astype(np.float32)
    if suffix == "array":
        scan = read_scan(values)
    elif suffix == "tif":
        scan = read_scan(make_tiff(values))
    else:
        voxels = np.repeat(values[::-1, ::-1].T[..., None], 3, axis=2)
        scan = next(iter(read_slices(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes(), "a.nii")))
    assert scan.to_uint8()[OUTSIDE].max() == 0
    expected = read_scan(pad(head[~OUTSIDE].min(), head), "unpadded")
    assert np.abs(model_gray(scan).astype(int) - model_gray(expected)).max() <= 1


def test_background_of_0_with_a_few_negative_values_of_interpolation_is_measured():
    values = pad(0)
    values[np.abs(np.hypot(ROWS, COLUMNS) - 119) < 1] = -20
    assert find_padding(values) is None


@pytest.mark.parametrize("level", [0, 12])
def test_white_page_and_negative_with_16_bits_are_no_padding(level):
    """16 bits give the same model input as 8, in which white is white."""
    pixels = pad(255, 255 - np.clip(SLICE / SLICE.max() * 200 + level, 0, 255)).astype(np.uint8)
    spec = InputSpec(height=75, width=75)
    contents = [
        encode_image(Image.fromarray(pixels), "PNG"),
        encode_image(Image.fromarray(pixels.astype(np.uint16) * 257), "PNG"),
        make_tiff(np.repeat(pixels[..., None].astype(np.uint16) * 257, 3, axis=2), photometric=2),
    ]
    first, *others = (preprocess(read_scan(content), spec)[0].astype(int) for content in contents)
    assert all(np.abs(other - first).max() <= 1 for other in others)


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_stated_padding_that_is_the_brightest_tissue_is_measured(photometric):
    stored = (SLICE.max() - SLICE if photometric == "MONOCHROME1" else SLICE).astype(np.int16)
    brightest = int(stored.min() if photometric == "MONOCHROME1" else stored.max())
    plain, stated = (
        read_scan(make_dicom(stored, PhotometricInterpretation=photometric, **tags))
        for tags in ({}, {"PixelPaddingValue": brightest})
    )
    assert (stated.raw == plain.raw).all()


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
@pytest.mark.parametrize("name", ["padding_-32768.dcm", "padding_-32768.nii.gz"])
def test_collected_file_shows_a_head_on_black(name):
    scans = list(read_slices(CASES / name, name))
    scan = scans[len(scans) // 2] if name.endswith(".dcm") else scans[15]
    assert scan.raw.min() > -1000
    assert scan.to_uint8()[0].max() == 0
    assert scan.pixels[scan.height // 3 : 2 * scan.height // 3].mean() > 0.15
