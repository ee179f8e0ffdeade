"""The same picture gives the same model input and the same probabilities, whatever file it comes in."""

from dataclasses import replace

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES, TumorClass
from braintumor.imaging import Scan, preprocess, read_scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.model_gray import model_gray, normalize_gray
from braintumor.imaging.windowing import percentile_window, rescale_to_unit, unit_to_uint8
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.slices import read_slices
from tests.helpers.tiffs import make_tiff


def detect_as_hung(detector: Detector, scan: Scan) -> dict[TumorClass, float]:
    """Return the probabilities without turn detection, which leaves files that state their orientation alone.

    Some slices of the image set are stored upside down.
    """
    return detector.detect(replace(scan, is_oriented=True)).probabilities


def load_slices() -> list[np.ndarray]:
    """Return real slices where the image set is present, else phantoms."""
    paths: list = sorted((Settings().dataset / "Testing").glob("*/*.jpg"))
    if paths:
        return [read_scan(path).to_uint8() for path in np.random.default_rng(3).choice(paths, 12, replace=False)]
    return [make_phantom(label, seed).pixels for label in CLASSES for seed in range(3)]


SLICES = load_slices()
ENCODINGS = ("PNG", "16-bit PNG", "RGB PNG", "TIFF", "WhiteIsZero TIFF", "float TIFF", "NIfTI", "DICOM", "array")
DICOM_VARIANTS = ("plain", "MONOCHROME1", "rescaled", "signed", "INVERSE")


def encode_dicom(stored: np.ndarray, bits: int, variant: str) -> bytes:
    inverse = (2**bits - 1 - stored.astype(np.int32)).astype(stored.dtype)
    tags = {"BitsStored": bits, "HighBit": bits - 1} if bits > 8 else {}
    if variant == "MONOCHROME1":
        return make_dicom(inverse, PhotometricInterpretation="MONOCHROME1", **tags)
    if variant == "INVERSE":
        return make_dicom(inverse, PresentationLUTShape="INVERSE", **tags)
    if variant == "rescaled":
        return make_dicom(stored, RescaleSlope="2.5", RescaleIntercept="-1024", **tags)
    if variant == "signed" and bits > 8:
        return make_dicom((stored.astype(np.int32) - 2 ** (bits - 1)).astype(np.int16), **tags)
    return make_dicom(stored, **tags)


def encode(stored: np.ndarray, bits: int, encoding: str, variant: str):
    """Return the source of a scan with the picture in an encoding."""
    if encoding == "DICOM":
        return encode_dicom(stored, bits, variant)
    if encoding == "array":
        return stored.astype(np.float64) * 3.7 - 900
    if encoding == "float TIFF":
        return make_tiff((stored / np.float32(2**bits)).astype(np.float32), compression=8, predictor=3)
    if encoding == "WhiteIsZero TIFF":
        return make_tiff((2**bits - 1 - stored.astype(np.int32)).astype(stored.dtype), photometric=0)
    if encoding == "TIFF":
        return make_tiff(stored, order=">", compression=5)
    if encoding == "RGB PNG" and bits == 8:
        return encode_image(Image.fromarray(np.repeat(stored[..., None], 3, axis=2)), "PNG")
    if encoding == "16-bit PNG":
        return encode_image(Image.fromarray(stored.astype(np.uint16)), "PNG")
    return encode_image(Image.fromarray(stored), "PNG")


def read_encoded(stored: np.ndarray, bits: int, encoding: str, variant: str = "plain"):
    if encoding != "NIfTI":
        return read_scan(encode(stored, bits, encoding, variant), "slice")
    voxels = np.stack([stored[::-1, ::-1].T, stored[::-1, ::-1].T // 2], axis=2).astype(np.int32)
    return next(iter(read_slices(nibabel.Nifti1Image(voxels, np.eye(4)).to_bytes(), "slice.nii")))


def deepen(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Scale 8-bit grey values to the range of more bits."""
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.rint(pixels.astype(np.float64) * ((2**bits - 1) / 255)).astype(dtype)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, len(SLICES) - 1), st.integers(8, 16), st.sampled_from(ENCODINGS), st.sampled_from(DICOM_VARIANTS))
def test_same_picture_gives_the_same_grey_values(index, bits, encoding, variant):
    reference = model_gray(read_scan(SLICES[index])).astype(int)
    low, high = percentile_window(SLICES[index])
    rounding = 1 + 0.5 * 255 / (2**bits - 1) * 255 / (high - low) * (bits > 8)
    scan = read_encoded(deepen(SLICES[index], bits), bits, encoding, variant)
    assert np.abs(model_gray(scan).astype(int) - reference).max() <= rounding


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_same_picture_gives_the_same_probabilities(encoding, bits, detector):
    for pixels in SLICES[::4]:
        expected = detect_as_hung(detector, read_scan(pixels))
        probabilities = detect_as_hung(detector, read_encoded(deepen(pixels, bits), bits, encoding))
        assert max(abs(probabilities[c] - expected[c]) for c in CLASSES) < 0.01


@pytest.mark.parametrize("variant", DICOM_VARIANTS)
def test_same_picture_gives_the_same_probabilities_in_every_dicom_variant(variant, detector):
    expected = detect_as_hung(detector, read_scan(SLICES[1]))
    probabilities = detect_as_hung(detector, read_encoded(deepen(SLICES[1], 12), 12, "DICOM", variant))
    assert max(abs(probabilities[c] - expected[c]) for c in CLASSES) < 0.01


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("v4", Settings())


@given(st.integers(0, len(SLICES) - 1), st.floats(0.3, 1), st.integers(0, 60))
def test_brightness_and_contrast_of_8_bit_pictures_do_not_matter(index, factor, offset):
    changed = np.rint(np.minimum(SLICES[index], 190) * factor + offset).astype(np.uint8)
    low, high = percentile_window(changed)
    difference = model_gray(read_scan(changed)).astype(int) - model_gray(read_scan(np.minimum(SLICES[index], 190)))
    assert np.abs(difference).max() <= 1 + 255 / (high - low)


@given(st.integers(0, 2**32 - 1), st.integers(1, 256), st.integers(32, 90), st.integers(32, 90))
def test_histogram_and_values_give_the_same_percentiles(seed, levels, height, width):
    pixels = np.random.default_rng(seed).integers(0, levels, (height, width), dtype=np.uint8)
    by_values = unit_to_uint8(rescale_to_unit(pixels.astype(np.float32), *percentile_window(pixels)))
    if pixels.min() < pixels.max():
        np.testing.assert_array_equal(normalize_gray(pixels), by_values)


def test_uniform_picture_stays_unchanged():
    pixels = np.full((40, 40), 77, np.uint8)
    np.testing.assert_array_equal(normalize_gray(pixels), pixels)


def test_display_of_8_bit_pictures_is_unchanged():
    dark = (SLICES[0] // 3).astype(np.uint8)
    np.testing.assert_array_equal(read_scan(dark).to_uint8(), dark)
    assert model_gray(read_scan(dark)).max() == 255


def test_file_window_is_applied_before_the_percentiles():
    stored = deepen(SLICES[0], 12)
    scan = read_scan(make_dicom(stored, WindowCenter="900", WindowWidth="1800"))
    assert scan.has_file_window
    exported = read_scan(encode_image(Image.fromarray(scan.to_uint8()), "PNG"))
    assert np.abs(model_gray(scan).astype(int) - model_gray(exported)).max() <= 1


@pytest.mark.parametrize("kind", ["8 bits", "integers", "fractions", "outlier", "file window"])
def test_decompressed_scan_gives_the_same_model_input(kind):
    pixels = SLICES[2]
    fractions = pixels * np.float32(0.37) - 3
    if kind == "outlier":
        fractions[5, 5] = 1e7
    source = {
        "8 bits": pixels, "integers": deepen(pixels, 14), "fractions": fractions, "outlier": fractions,
        "file window": make_dicom(deepen(pixels, 12), WindowCenter="900", WindowWidth="1800"),
    }[kind]  # fmt: skip
    scan = read_scan(source)
    again = CompressedScan.from_scan(scan).to_scan()
    np.testing.assert_array_equal(model_gray(again), model_gray(scan))
    twice = CompressedScan.from_scan(again).to_scan()
    np.testing.assert_array_equal(model_gray(twice), model_gray(scan))


def test_model_input_of_a_volume_slice_is_that_of_the_slice_alone():
    stack = [deepen(pixels, 12) for pixels in SLICES if pixels.shape == SLICES[0].shape]
    voxels = np.stack([pixels[::-1, ::-1].T // (index + 1) for index, pixels in enumerate(stack)], axis=2)
    scans = read_slices(nibabel.Nifti1Image(voxels.astype(np.int16), np.eye(4)).to_bytes(), "a.nii")
    spec = Detector.load("v4", Settings()).artifact.card.input_spec
    for index, (pixels, scan) in enumerate(zip(stack, scans, strict=False)):
        alone = read_scan((pixels // (index + 1)).astype(np.uint16))
        np.testing.assert_array_equal(preprocess(scan, spec)[0], preprocess(alone, spec)[0])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_large_picture_with_values_in_one_row_alone_is_windowed(dtype):
    pixels = np.zeros((600, 600), dtype)
    pixels[301] = 100
    assert model_gray(read_scan(pixels)).max() == 255
