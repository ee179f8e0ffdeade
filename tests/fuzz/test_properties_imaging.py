"""Properties of reading and standardizing that hold for every input, searched by Hypothesis."""

import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from braintumor.errors import ScanError
from braintumor.imaging import InputSpec, Scan, draw_overlay, foreground_bbox, preprocess, read_scan, to_batch
from tests.golden.draw import SCANS

ORIGINALS = {path.name: path.read_bytes() for path in SCANS.iterdir()}
CONTRACTS = st.builds(
    InputSpec,
    height=st.integers(8, 200),
    width=st.integers(8, 200),
    channels=st.sampled_from([1, 3]),
    crop_margin=st.booleans(),
    fit=st.sampled_from(["letterbox", "stretch"]),
)
PICTURES = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=32, max_side=120),
    elements=st.integers(0, 255),
    fill=st.integers(0, 255),
)


def scan_of(array: np.ndarray) -> Scan:
    return Scan(array, "drawn", "0" * 64, "array", 8)


def is_scan_or_error(content: bytes) -> None:
    try:
        scan = read_scan(content, "upload")
    except ScanError:
        return
    assert min(scan.height, scan.width) >= 32
    assert scan.pixels.dtype == np.float32
    assert 0.0 <= scan.pixels.min() < scan.pixels.max() <= 1.0


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_scan_or_an_error(content):
    is_scan_or_error(content)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ORIGINALS)), st.data())
def test_any_damage_to_a_file_leaves_a_scan_or_an_error(name, data):
    content = bytearray(ORIGINALS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    is_scan_or_error(bytes(content[: data.draw(st.integers(0, len(content)))]))


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
def test_any_array_is_a_scan_or_an_error(array):
    try:
        scan = read_scan(array)
    except ScanError:
        return
    assert (scan.height, scan.width) == array.shape[:2]
    assert 0.0 <= scan.pixels.min() < scan.pixels.max() <= 1.0


@given(PICTURES, CONTRACTS)
def test_every_scan_gives_a_frame_of_the_contracts_shape(array, contract):
    frame, geometry = preprocess(scan_of(array), contract)
    assert frame.shape == (contract.height, contract.width)
    assert frame.dtype == np.uint8
    batch = to_batch(frame[None], contract)
    assert batch.shape == (1, contract.height, contract.width, contract.channels)
    assert batch.min() >= 0.0
    assert batch.max() <= 1.0
    left, top, right, bottom = geometry.paste_box
    outside = frame.copy()
    outside[top:bottom, left:right] = 0
    assert not outside.any(), "the padding is black"


@given(PICTURES, CONTRACTS)
def test_a_letterbox_keeps_the_aspect_to_a_pixel(array, contract):
    geometry = preprocess(scan_of(array), contract)[1]
    left, top, right, bottom = geometry.paste_box
    assert 0 <= left < right <= contract.width
    assert 0 <= top < bottom <= contract.height
    if contract.fit == "letterbox":
        crop_left, crop_top, crop_right, crop_bottom = geometry.crop_box
        scale = min(contract.width / (crop_right - crop_left), contract.height / (crop_bottom - crop_top))
        assert abs((right - left) - scale * (crop_right - crop_left)) <= 1
        assert abs((bottom - top) - scale * (crop_bottom - crop_top)) <= 1
        assert right - left == contract.width or bottom - top == contract.height
        assert abs(left - (contract.width - right)) <= 1
        assert abs(top - (contract.height - bottom)) <= 1


@given(PICTURES, CONTRACTS, st.integers(1, 20), st.integers(1, 20))
def test_a_map_of_any_resolution_comes_back_on_the_scans_grid_within_its_range(array, contract, rows, columns):
    geometry = preprocess(scan_of(array), contract)[1]
    values = np.random.default_rng(rows * 31 + columns).random((rows, columns), np.float32)
    back = geometry.resample_to_scan(values)
    assert back.shape == array.shape
    assert back.min() >= 0.0
    assert back.max() <= values.max() + 1e-5


@given(PICTURES)
def test_what_is_cropped_is_dark(array):
    left, top, right, bottom = foreground_bbox(array)
    assert 0 <= left < right <= array.shape[1]
    assert 0 <= top < bottom <= array.shape[0]
    for dark in (array[:top], array[bottom:]):
        assert ((dark > 24).mean(axis=1) <= 0.01).all()
    for dark in (array[:, :left], array[:, right:]):
        assert ((dark > 24).mean(axis=0) <= 0.01).all()


@given(PICTURES, st.integers(0, 12), st.integers(0, 12))
def test_a_black_margin_never_moves_the_crop(array, across, down):
    array = np.maximum(array, 40)  # bright throughout, so that the crop is the picture itself
    padded = np.pad(array, ((down, 0), (across, 0)))
    left, top, right, bottom = foreground_bbox(padded)
    assert (left, top) == (across, down)
    assert (right - left, bottom - top) == (array.shape[1], array.shape[0])
    contract = InputSpec(64, 64)
    first, second = (preprocess(scan_of(each), contract)[0] for each in (array, padded))
    assert np.abs(first.astype(int) - second.astype(int)).mean() <= 2


@given(PICTURES)
def test_png_keeps_every_grey_value(array):
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    if np.ptp(array):
        np.testing.assert_array_equal(read_scan(content.getvalue()).to_uint8(), array)


@given(PICTURES, st.floats(0, 1))
def test_an_overlay_is_always_a_picture_of_the_scans_size(array, strength):
    heat = np.random.default_rng(0).random(array.shape, np.float32)
    painted = draw_overlay(array, heat, strength)
    assert painted.shape == (*array.shape, 3)
    assert painted.dtype == np.uint8
