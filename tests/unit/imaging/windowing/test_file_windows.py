"""A window of the file that leaves the picture dark, bright or flat is dropped with a warning; others are obeyed."""

import numpy as np
import pytest

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.imaging import read_scan
from braintumor.imaging.model_gray import model_gray
from tests.helpers.dicoms import make_dicom, make_sequence
from tests.helpers.scan_files.volumes import CASES
from tests.helpers.slices import read_slices

TWELVE_BITS = np.rint(make_phantom(CLASSES[1], 5).pixels * (2000 / 255)).astype(np.int16)
EXPECTED = read_scan(make_dicom(TWELVE_BITS))
USELESS = {
    "whole range of 16 bits": (32767, 65535, "dark"),
    "half of it": (16384, 32768, "dark"),
    "above all values": (9000, 1000, "dark"),
    "8 bits": (-500, 255, "bright"),
    "below all values": (-9000, 1000, "bright"),
    "bright washed out": (-1500, 7000, "bright"),
    "width of one": (1000, 2, "flat"),
    "far below and wide": (-8000, 40000, "bright"),
}


@pytest.mark.parametrize("case", USELESS)
@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_useless_window_is_dropped_with_a_warning(case, photometric):
    center, width, problem = USELESS[case]
    stored = TWELVE_BITS
    if photometric == "MONOCHROME1":
        total = int(TWELVE_BITS.max()) + int(TWELVE_BITS.min())
        stored, center = (total - TWELVE_BITS).astype(np.int16), total - center
    tags = {"WindowCenter": str(center), "WindowWidth": str(width), "PhotometricInterpretation": photometric}
    scan = read_scan(make_dicom(stored, **tags))
    assert len(scan.warnings) == 1
    assert scan.warnings[0].startswith(f"The file's window leaves the picture {problem}")
    assert not scan.has_file_window
    np.testing.assert_allclose(scan.pixels, EXPECTED.pixels, atol=1e-3)


@pytest.mark.parametrize(("center", "width"), [(1000, 2000), (700, 300), (1200, 3000), (400, 800), (2000, 4096)])
def test_sensible_window_is_obeyed(center, width):
    scan = read_scan(make_dicom(TWELVE_BITS, WindowCenter=str(center), WindowWidth=str(width)))
    assert scan.window == (center - 0.5, width - 1)
    assert scan.warnings == ()


def test_stroke_window_of_a_ct_is_obeyed():
    hounsfield = np.full((200, 200), -1000.0)
    hounsfield[30:170, 30:170] = 1000
    brain = np.random.default_rng(0).normal(34, 8, (120, 120))
    hounsfield[40:160, 40:160] = brain
    content = make_dicom(np.rint(hounsfield).astype(np.int16), WindowCenter="35", WindowWidth="20", Modality="CT")
    assert read_scan(content).window == (34.5, 19.0)


def test_first_usable_window_of_several_is_used():
    windows = {"WindowCenter": ["32767", "1000", "300"], "WindowWidth": ["65535", "2000", "200"]}
    scan = read_scan(make_dicom(TWELVE_BITS, **windows))
    assert scan.window == (999.5, 1999.0)
    assert scan.warnings == ()
    reversed_windows = {key: values[::-1] for key, values in windows.items()}
    assert read_scan(make_dicom(TWELVE_BITS, **reversed_windows)).window == (299.5, 199.0)


def test_useless_window_of_one_frame_is_dropped_for_that_frame_alone():
    groups = make_sequence(FrameVOILUTSequence=make_sequence(WindowCenter="1000", WindowWidth="2000"))
    groups.extend(make_sequence(FrameVOILUTSequence=make_sequence(WindowCenter="32767", WindowWidth="65535")))
    content = make_dicom(np.stack([TWELVE_BITS, TWELVE_BITS]), PerFrameFunctionalGroupsSequence=groups)
    obeyed, dropped = read_slices(content, "a.dcm")
    assert (obeyed.has_file_window, obeyed.warnings) == (True, ())
    assert not dropped.has_file_window
    assert any("leaves the picture dark" in warning for warning in dropped.warnings)


def test_useless_window_of_an_8_bit_file_is_dropped():
    stored = make_phantom(CLASSES[1], 5).pixels
    scan = read_scan(make_dicom(stored, WindowCenter="32767", WindowWidth="65535"))
    assert np.abs(model_gray(scan).astype(int) - model_gray(read_scan(stored))).max() <= 1


@pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are absent")
def test_collected_placeholder_window_is_dropped():
    scan = read_scan(CASES / "window_65535.dcm")
    assert "leaves the picture dark" in scan.warnings[0]
    assert scan.to_uint8().mean() > 40
