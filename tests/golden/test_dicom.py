"""DICOM files that ship with pydicom: pinned pixels for ten, agreement with pydicom's own, an answer for all."""

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
from tests.golden.dicom import CHOSEN, FILES, PIXELS, content, corner, facts, first_slice
from tests.helpers.dicoms import dicom
from tests.helpers.malformed.valid_files import packed
from tests.helpers.slices import read_slices

PINNED = json.loads(FILES.read_text(encoding="utf-8"))
HELD = Path(pydicom.__file__).parent / "data" / "test_files"
ALL = sorted(path for path in HELD.iterdir() if path.suffix == ".dcm")


@pytest.fixture(autouse=True)
def _quiet():
    """These files are odd on purpose, and pydicom says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", CHOSEN)
def test_a_file_of_pydicom_has_its_pinned_pixels(name):
    assert hashlib.sha256(content(name)).hexdigest() == PINNED[name]["file"], "pydicom ships another file now"
    assert json.loads(json.dumps(facts(name))) == PINNED[name]
    np.testing.assert_array_equal(corner(first_slice(name)), np.load(PIXELS)[name])


def test_one_slice_is_the_same_however_it_is_compressed():
    pinned = {PINNED[name]["raw"] for name in CHOSEN if name.startswith("MR_small")}
    assert len(pinned) == 1
    assert None not in pinned


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm", "examples_overlay.dcm", "MR_small_RLE.dcm"])
def test_values_and_window_are_those_of_pydicom(name):
    data = pydicom.dcmread(HELD / name)
    scan = first_slice(name)
    values = apply_modality_lut(data.pixel_array, data)
    np.testing.assert_allclose(scan.raw, values)
    if "WindowWidth" in data:
        shown = apply_windowing(values, data).astype(np.float64)
        low, high = shown.min(), shown.max()
        reach = scan.pixels.max() - scan.pixels.min()
        assert np.abs((shown - low) / (high - low) * reach + scan.pixels.min() - scan.pixels).max() < 1 / 255


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_file_gives_slices_or_a_clear_refusal(path):
    found = list(read_slices(path, path.name))
    assert found
    for one in found:
        if isinstance(one, FailedScan):
            assert one.problem.startswith(f"{one.name}: ")
            assert one.problem.endswith(".")
    if not all(isinstance(one, Scan) for one in found):
        assert not decodable(path), "pydicom reads it"


def decodable(path: Path) -> bool:
    """Whether pydicom itself gives pixels of the file, enough of them for a slice and not of one colour."""
    if detect_format(path.read_bytes(), path.name) is not FileFormat.DICOM:
        return False
    try:
        pixels = pydicom.dcmread(path, force=True).pixel_array
    except Exception:
        return False
    first = pixels[0] if pixels.ndim > 2 and pixels.shape[-1] not in (3, 4) else pixels
    return min(first.shape[:2]) >= 32 and first.min() != first.max()


@pytest.mark.parametrize("version", list_models())
def test_the_same_slice_as_dicom_and_as_png_gives_probabilities_within_a_hundredth(version):
    detector = Detector.load(version, Settings())
    for label in CLASSES:
        deep = np.rint(make_phantom(label, 3).pixels.astype(np.float64) * (4095 / 255)).astype(np.uint16)
        deep = deep if deep.ndim == 2 else deep[..., 0]
        content = dicom(deep, BitsStored=12, HighBit=11, WindowCenter="2047.5", WindowWidth="4096")
        exported = np.rint(np.clip((deep + 0.5) / 4095, 0, 1) * 255).astype(np.uint8)
        as_dicom = detector.detect(read_scan(content, "slice.dcm"))
        as_png = detector.detect(read_scan(packed(Image.fromarray(exported), "PNG"), "slice.png"))
        for one in CLASSES:
            assert abs(as_dicom.probabilities[one] - as_png.probabilities[one]) < 0.01
