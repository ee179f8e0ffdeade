"""Properties of DICOM that hold for every slice: the grey a PNG of it has, and a scan or an error for any bytes."""

import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import FailedScan, Scan, read_scan
from tests.helpers.dicoms import dicom
from tests.helpers.malformed.valid_files import bases
from tests.helpers.slices import read_slices

SOUND = bases()
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=48)


def png(values: np.ndarray) -> Scan:
    content = io.BytesIO()
    Image.fromarray(values).save(content, "PNG")
    return read_scan(content.getvalue(), "slice.png")


def or_none(read, *arguments):
    try:
        return read(*arguments)
    except ScanError:
        return None


@given(hnp.arrays(st.sampled_from([np.uint8, np.uint16]), SHAPES))
def test_without_a_window_a_slice_has_the_grey_of_its_png(values):
    expected, found = or_none(png, values), or_none(read_scan, dicom(values), "slice.dcm")
    assert (expected is None) == (found is None)
    if expected is not None and found is not None:
        np.testing.assert_array_equal(found.values, expected.values)


@given(
    hnp.arrays(np.int16, SHAPES, elements=st.integers(-2000, 4000)),
    st.sampled_from([0.5, 1.0, 2.0]),
    st.integers(-1000, 1000),
    st.integers(-1000, 3000),
    st.integers(2, 5000),
    st.booleans(),
)
def test_with_a_window_it_has_the_grey_of_a_png_exported_under_that_window(
    values, slope, shift, center, width, inverted
):
    tags = {
        "RescaleSlope": str(slope),
        "RescaleIntercept": str(shift),
        "WindowCenter": str(center),
        "WindowWidth": str(width),
    }
    content = dicom(values, PhotometricInterpretation="MONOCHROME1" if inverted else "MONOCHROME2", **tags)
    rescaled = values.astype(np.float64) * slope + shift
    # The formula of the standard, PS3.3 C.11.2.1.2.1.
    exported = np.clip((rescaled - (center - 0.5)) / (width - 1) + 0.5, 0, 1) * 255
    grey = np.rint(255 - exported if inverted else exported)
    if grey.min() == grey.max():
        return  # a window that shows nothing is replaced
    found = read_scan(content, "slice.dcm").to_uint8()
    assert np.abs(found.astype(int) - grey).max() <= 1


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.sampled_from(sorted(SOUND)), st.data())
def test_any_damage_to_any_kind_of_file_leaves_slices_or_refusals(name, data):
    content = bytearray(SOUND[name])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, min(600, len(content) - 1)))] = data.draw(st.integers(0, 255))
    for one in read_slices(bytes(content[: data.draw(st.integers(0, len(content)))]), name):
        assert isinstance(one, Scan | FailedScan)
        if isinstance(one, Scan):
            assert 0.0 <= one.pixels.min() < one.pixels.max() <= 1.0


@given(st.binary(max_size=1500), st.sampled_from(["a.dcm", "a.nii", "a.zip", "a.tif", "a"]))
def test_any_bytes_are_slices_or_refusals(content, name):
    for start in (b"", b"\0" * 128 + b"DICM", b"PK\3\4", b"II*\0\x08\0\0\0"):
        assert all(isinstance(one, Scan | FailedScan) for one in read_slices(start + content, name))
