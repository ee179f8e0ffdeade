"""Properties of DICOM reading: agreement with PNG, and a scan or an error for any bytes."""

import io

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, read_scan
from braintumor.imaging.windowing import find_padding
from tests.helpers.dicoms import make_dicom
from tests.helpers.malformed.valid_files import valid_files
from tests.helpers.slices import read_slices

VALID_FILES = valid_files()
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=48)


def read_png(values: np.ndarray) -> Scan:
    content = io.BytesIO()
    Image.fromarray(values).save(content, "PNG")
    return read_scan(content.getvalue(), "slice.png")


def read_or_none(read, *arguments):
    try:
        return read(*arguments)
    except ScanError:
        return None


@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), SHAPES))
def test_slice_without_window_and_padding_equals_its_png(values):
    assume(find_padding(values) is None)  # only DICOM files have padding
    expected, scan = read_or_none(read_png, values), read_or_none(read_scan, make_dicom(values), "slice.dcm")
    assert (expected is None) == (scan is None)
    if expected is not None and scan is not None:
        np.testing.assert_array_equal(scan.values, expected.values)


@given(
    hnp.arrays(np.int16, SHAPES, elements=st.integers(-2000, 4000)),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.integers(-1000, 1000),
    st.integers(-1000, 3000),
    st.integers(2, 5000),
    st.booleans(),
)
def test_window_follows_the_formula_of_the_standard(values, slope, shift, center, width, inverted):
    tags = {
        "RescaleSlope": str(slope),
        "RescaleIntercept": str(shift),
        "WindowCenter": str(center),
        "WindowWidth": str(width),
    }
    content = make_dicom(values, PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2", **tags)
    rescaled = values.astype(np.float64) * slope + shift
    # The formula of the standard, PS3.3 C.11.2.1.2.1.
    exported = np.clip((rescaled - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255
    gray = np.rint(255 - exported if inverted else exported)
    if gray.min() == gray.max() or find_padding(rescaled.astype(np.float32)) is not None:
        return  # an empty window is replaced, and padding takes no part in windowing
    scan = read_scan(content, "slice.dcm")
    if not scan.has_file_window:
        assert any("The file's window leaves the picture" in warning for warning in scan.warnings)
        return
    assert np.abs(scan.to_uint8().astype(int) - gray).max() <= 1


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.sampled_from(sorted(VALID_FILES)), st.data())
def test_damaged_file_gives_slices_or_errors(name, data):
    content = bytearray(VALID_FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(600, len(content) - 1)))] = data.draw(st.integers(0, 255))
    for result in read_slices(bytes(content[: data.draw(st.integers(0, len(content)))]), name):
        assert isinstance(result, Scan | FailedScan)
        if isinstance(result, Scan):
            assert 0.0 <= result.pixels.min() < result.pixels.max() <= 1.0


@given(st.binary(max_size=1500), st.sampled_from(["a.dcm", "a.nii", "a.zip", "a.tif", "a"]))
def test_any_bytes_give_slices_or_errors(content, name):
    for start in (b"", b"\0" * 128 + b"DICM", b"PK\3\4", b"II*\0\x08\0\0\0"):
        assert all(isinstance(result, Scan | FailedScan) for result in read_slices(start + content, name))
