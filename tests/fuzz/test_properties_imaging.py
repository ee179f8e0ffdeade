"""Properties of reading and preprocessing that hold for every input."""

import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import InputSpec, Scan, foreground_bbox, preprocess, read_scan, to_batch
from braintumor.imaging.overlay import draw_overlay
from braintumor.imaging.preprocessing import crop_and_resize
from tests.golden.draw import SCANS

GOLDEN_FILES = {path.name: path.read_bytes() for path in SCANS.iterdir()}
INPUT_SPECS = st.builds(
    InputSpec,
    height=st.integers(8, 200),
    width=st.integers(8, 200),
    channels=st.sampled_from([1, 3]),
    crop_margin=st.booleans(),
    fit=st.sampled_from(["letterbox", "stretch"]),
)
IMAGES = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=120),
    elements=st.integers(0, 255),
    fill=st.integers(0, 255),
)


def make_scan(array: np.ndarray) -> Scan:
    return Scan(array, "array", "0" * 64, "array", 8)


def check_scan_or_error(content: bytes) -> None:
    try:
        scan = read_scan(content, "upload")
    except ScanError:
        return
    assert min(scan.height, scan.width) >= 32
    assert scan.pixels.dtype == np.float32
    assert 0.0 <= scan.pixels.min() < scan.pixels.max() <= 1.0


@given(st.binary(max_size=2000))
def test_any_bytes_give_a_scan_or_an_error(content):
    check_scan_or_error(content)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(GOLDEN_FILES)), st.data())
def test_damaged_image_gives_a_scan_or_an_error(name, data):
    content = bytearray(GOLDEN_FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    check_scan_or_error(bytes(content[: data.draw(st.integers(0, len(content)))]))


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.uint16, np.float32, np.float64, np.bool_]),
        st.one_of(
            hnp.array_shapes(min_dims=1, max_dims=4, max_side=8),
            st.tuples(st.integers(32, 40), st.integers(32, 40)),
            st.tuples(st.integers(32, 40), st.integers(32, 40), st.sampled_from([1, 2, 3, 4])),
        ),
    )
)
def test_any_array_gives_a_scan_or_an_error(array):
    try:
        scan = read_scan(array)
    except ScanError:
        return
    assert (scan.height, scan.width) == array.shape[:2]
    assert 0.0 <= scan.pixels.min() < scan.pixels.max() <= 1.0


@given(IMAGES, INPUT_SPECS)
def test_model_input_has_the_specified_shape(array, spec):
    model_input, geometry = preprocess(make_scan(array), spec)
    assert model_input.shape == (spec.height, spec.width)
    assert model_input.dtype == np.uint8
    batch = to_batch(model_input[None], spec)
    assert batch.shape == (1, spec.height, spec.width, spec.channels)
    assert batch.min() >= 0.0
    assert batch.max() <= 1.0
    left, top, right, bottom = geometry.paste_box
    outside = model_input.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any(), "the padding is black"


@given(IMAGES, INPUT_SPECS)
def test_letterbox_keeps_the_aspect_ratio(array, spec):
    geometry = preprocess(make_scan(array), spec)[1]
    left, top, right, bottom = geometry.paste_box
    assert 0 <= left < right <= spec.width
    assert 0 <= top < bottom <= spec.height
    if spec.fit == "letterbox":
        crop_left, crop_top, crop_right, crop_bottom = geometry.crop_box
        scale = min(spec.width / (crop_right - crop_left), spec.height / (crop_bottom - crop_top))
        assert abs((right - left) - scale * (crop_right - crop_left)) <= 1
        assert abs((bottom - top) - scale * (crop_bottom - crop_top)) <= 1
        assert right - left == spec.width or bottom - top == spec.height
        assert abs(left - (spec.width - right)) <= 1
        assert abs(top - (spec.height - bottom)) <= 1


@given(IMAGES, INPUT_SPECS, st.integers(1, 20), st.integers(1, 20))
def test_resampled_map_has_the_size_of_the_scan_and_stays_in_range(array, spec, rows, columns):
    geometry = preprocess(make_scan(array), spec)[1]
    values = np.random.default_rng(rows * 31 + columns).random((rows, columns), np.float32)
    resampled = geometry.resample_to_scan(values)
    assert resampled.shape == array.shape
    assert resampled.min() >= 0.0
    assert resampled.max() <= values.max() + 1e-5


@given(IMAGES)
def test_cropped_margin_is_dark(array):
    left, top, right, bottom = foreground_bbox(array)
    assert 0 <= left < right <= array.shape[1]
    assert 0 <= top < bottom <= array.shape[0]
    for margin in (array[:top], array[bottom:]):
        assert ((margin > 24).mean(axis=1) <= 0.01).all()
    for margin in (array[:, :left], array[:, right:]):
        assert ((margin > 24).mean(axis=0) <= 0.01).all()


@given(IMAGES, st.integers(0, 12), st.integers(0, 12))
def test_black_margin_does_not_change_the_crop(array, across, down):
    array = np.maximum(array, 40)  # bright at the edges, so that the crop is the whole image
    padded = np.pad(array, ((down, 0), (across, 0)))
    left, top, right, bottom = foreground_bbox(padded)
    assert (left, top) == (across, down)
    assert (right - left, bottom - top) == (array.shape[1], array.shape[0])
    spec = InputSpec(64, 64)
    first, second = (crop_and_resize(each, spec)[0] for each in (array, padded))
    assert np.abs(first.astype(int) - second.astype(int)).mean() <= 2


@given(IMAGES)
def test_png_keeps_every_grey_value(array):
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    if np.ptp(array):
        np.testing.assert_array_equal(read_scan(content.getvalue()).to_uint8(), array)


@given(IMAGES, st.floats(0, 1))
def test_overlay_has_the_size_of_the_scan(array, alpha):
    heat = np.random.default_rng(0).random(array.shape, np.float32)
    overlay = draw_overlay(array, heat, alpha)
    assert overlay.shape == (*array.shape, 3)
    assert overlay.dtype == np.uint8
