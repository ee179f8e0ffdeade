"""Window presets: the file's own, those of CT, percentiles and the full range, with values and units."""

from dataclasses import replace

import numpy as np
import pytest

from braintumor.imaging import Scan, read_scan
from braintumor.imaging.edits import invert_scan
from braintumor.imaging.windowing import window_presets
from tests.golden.draw import make_arrays
from tests.helpers.dicoms import make_dicom
from tests.helpers.slices import apply_window

GRAY_16 = make_arrays()["array-uint16"]
TAGS = {
    "WindowCenter": ["2000", "1500"], "WindowWidth": ["3000", "1000"],
    "WindowCenterWidthExplanation": ["BRAIN", "Dr PLANTED"],
}  # fmt: skip


def presets_of(scan: Scan) -> dict[str, tuple[float, float]]:
    values = scan.values if scan.raw is None else scan.raw
    presets = window_presets(values, scan.file_windows, scan.unit, scan.window)
    return {preset.label: (preset.center, preset.width) for preset in presets}


def test_windows_of_the_file_have_its_numbers_and_known_words_only() -> None:
    scan = read_scan(make_dicom(GRAY_16, **TAGS), "a.dcm")
    presets = presets_of(scan)
    assert list(presets)[:2] == [
        "Brain (file): centre 2,000, width 3,000", "Window 2 (file): centre 1,500, width 1,000",
    ]  # fmt: skip
    assert presets["Brain (file): centre 2,000, width 3,000"] == scan.window == (1999.5, 2999.0)


def test_ct_has_hounsfield_units_and_mr_has_none() -> None:
    ct = read_scan(make_dicom(GRAY_16, Modality="CT", RescaleSlope="1", RescaleIntercept="-1024", **TAGS), "a.dcm")
    assert presets_of(ct)["Brain: centre 40, width 80 HU"] == (40, 80)
    assert all(label.endswith(" HU") for label in presets_of(ct))
    assert not any("HU" in label for label in presets_of(read_scan(make_dicom(GRAY_16, **TAGS), "a.dcm")))


def test_a_file_window_shows_the_same_picture_when_monochrome1_or_inverted() -> None:
    scan = read_scan(make_dicom(GRAY_16, **TAGS), "a.dcm")
    negative = read_scan(make_dicom(GRAY_16, PhotometricInterpretation="MONOCHROME1", **TAGS), "b.dcm")
    inverted = invert_scan(scan)
    for other in (negative, inverted):
        assert other.raw is not None
        window = other.file_windows[1]
        shown = apply_window(other.raw, window.center, window.width)
        expected = apply_window(scan.raw, scan.file_windows[1].center, scan.file_windows[1].width)
        np.testing.assert_allclose(shown.astype(int), 255 - expected.astype(int), atol=1)
        assert "Window 2 (file): centre 1,500, width 1,000" not in presets_of(other), "not the values of the file"
    assert inverted.unit == ""


def test_eight_bit_pictures_have_contrast_presets() -> None:
    rng = np.random.default_rng(4)
    values = np.zeros((100, 120), np.uint8)
    values[20:80, 20:100] = rng.integers(40, 200, (60, 80))
    presets = presets_of(read_scan(values, "a.png"))
    assert presets["Unchanged: centre 127.5, width 255"] == (127.5, 255)
    (narrow,) = (window for label, window in presets.items() if label.startswith("Percentiles 2 to 98"))
    assert narrow == pytest.approx((120, 155), abs=6), "the black background does not count"
    assert len(presets) == len(set(presets.values()))


def test_a_flat_picture_has_no_percentiles() -> None:
    flat = replace(read_scan(make_arrays()["array-uint8"], "a.png"), values=np.zeros((40, 40), np.uint8))
    assert list(presets_of(flat)) == ["Unchanged: centre 127.5, width 255"]
