"""DICOM files of the pydicom package: golden pixels, agreement with pydicom, and a result for every file."""

import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels import apply_modality_lut, apply_windowing

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import FailedScan, Scan, read_scan
from braintumor.imaging.file_format import FileFormat, detect_format
from braintumor.inference import Detector, list_models
from braintumor.settings import Settings
from tests.golden.dicom import FILES, GOLDEN_FILES, PIXELS, describe_slice, first_slice, read_pydicom_file, subsample
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.valid_files import encode_image
from tests.helpers.slices import read_slices

GOLDEN = json.loads(FILES.read_text(encoding="utf-8"))
DATA_FOLDER = Path(pydicom.__file__).parent / "data"
FOLDER = DATA_FOLDER / "test_files"
# Number and size of the slices of every file that version 4 read.
READABLE_FILES = json.loads((FILES.parent / "pydicom_files.json").read_text(encoding="utf-8"))
FILES_OF_PYDICOM = sorted(path for path in FOLDER.iterdir() if path.suffix == ".dcm")


@pytest.fixture(autouse=True)
def _quiet():
    """Silence the warnings of pydicom about deliberately unusual files."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", GOLDEN_FILES)
def test_file_has_its_golden_pixels(name):
    assert hashlib.sha256(read_pydicom_file(name)).hexdigest() == GOLDEN[name]["file"], (
        "pydicom contains a different file now"
    )
    assert json.loads(json.dumps(describe_slice(name))) == GOLDEN[name]
    np.testing.assert_array_equal(subsample(first_slice(name)), np.load(PIXELS)[name])


def test_compression_does_not_change_the_values():
    hashes = {GOLDEN[name]["raw"] for name in GOLDEN_FILES if name.startswith("MR_small")}
    assert len(hashes) == 1
    assert None not in hashes


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm", "examples_overlay.dcm", "MR_small_RLE.dcm"])
def test_values_and_window_agree_with_pydicom(name):
    dataset = pydicom.dcmread(FOLDER / name)
    scan = first_slice(name)
    values = apply_modality_lut(dataset.pixel_array, dataset)
    np.testing.assert_allclose(scan.raw, values)
    if "WindowWidth" in dataset:
        windowed = apply_windowing(values, dataset).astype(np.float64)
        low, high = windowed.min(), windowed.max()
        span = scan.pixels.max() - scan.pixels.min()
        assert np.abs((windowed - low) / (high - low) * span + scan.pixels.min() - scan.pixels).max() < 1 / 255


@pytest.mark.parametrize("path", FILES_OF_PYDICOM, ids=lambda path: path.name)
def test_every_file_gives_slices_or_a_clear_error(path):
    results = list(read_slices(path, path.name))
    assert results
    for result in results:
        if isinstance(result, FailedScan):
            assert result.problem.startswith(f"{result.name}: ")
            assert result.problem.endswith(".")
    if not all(isinstance(result, Scan) for result in results):
        assert not is_decodable(path), "pydicom reads it"


@pytest.mark.parametrize("name", READABLE_FILES)
def test_every_file_that_was_readable_still_is(name):
    count, height, width = READABLE_FILES[name]
    scans = list(read_slices(DATA_FOLDER / name, Path(name).name))
    assert [isinstance(scan, Scan) for scan in scans] == [True] * count
    assert {(scan.height, scan.width) for scan in scans} == {(height, width)}


def is_decodable(path: Path) -> bool:
    """Whether pydicom decodes the file to a slice that is large enough and not uniform."""
    if detect_format(path.read_bytes(), path.name) is not FileFormat.DICOM:
        return False
    try:
        pixels = pydicom.dcmread(path, force=True).pixel_array
    except Exception:
        return False
    first = pixels[0] if pixels.ndim > 2 and pixels.shape[-1] not in (3, 4) else pixels
    return min(first.shape[:2]) >= 32 and first.min() != first.max()


@pytest.mark.parametrize("version", list_models())
def test_dicom_and_png_of_a_slice_agree_within_one_percent(version):
    detector = Detector.load(version, Settings())
    for label in CLASSES:
        phantom = make_phantom(label, 3).pixels
        stored = np.rint(phantom.astype(np.float64) * (4095 / 255)).astype(np.uint16)
        stored = stored if stored.ndim == 2 else stored[..., 0]
        content = make_dicom(stored, BitsStored=12, HighBit=11, WindowCenter="2047.5", WindowWidth="4096")
        exported = np.rint(np.clip((stored + 0.5) / 4095, 0, 1) * 255).astype(np.uint8)
        from_dicom = detector.detect(read_scan(content, "slice.dcm"))
        from_png = detector.detect(read_scan(encode_image(Image.fromarray(exported), "PNG"), "slice.png"))
        for tumor_class in CLASSES:
            assert abs(from_dicom.probabilities[tumor_class] - from_png.probabilities[tumor_class]) < 0.01
