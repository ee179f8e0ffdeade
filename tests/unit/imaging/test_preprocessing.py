"""Preprocessing: crop, resize and stack a scan into the model input."""

import numpy as np
import pytest

from braintumor.imaging import InputSpec, foreground_bbox, preprocess, read_scan, to_batch
from tests.golden.draw import draw_head, make_arrays

INPUT_SPEC = InputSpec(height=150, width=150)
GRAY = make_arrays()["array-uint8"]


def test_model_input_is_8_bit_and_has_the_specified_size() -> None:
    for spec in (INPUT_SPEC, InputSpec(60, 90), InputSpec(60, 90, fit="stretch", crop_margin=False)):
        model_input, geometry = preprocess(read_scan(GRAY), spec)
        assert model_input.shape == (spec.height, spec.width)
        assert model_input.dtype == np.uint8
        assert geometry.input_size == (spec.width, spec.height)


def test_empty_margin_is_cropped() -> None:
    left, top, right, bottom = foreground_bbox(GRAY)
    inside = np.argwhere(draw_head() > 0.1)
    assert (top, left) == tuple(inside.min(axis=0)) or abs(top - inside[:, 0].min()) <= 3
    assert bottom - top < GRAY.shape[0]
    assert right - left < GRAY.shape[1]
    model_input, geometry = preprocess(read_scan(GRAY), INPUT_SPEC)
    assert geometry.crop_box == (left, top, right, bottom)
    assert model_input[0].max() > 24, "the head touches the top edge"


def test_whole_scan_is_used_without_cropping() -> None:
    _, geometry = preprocess(read_scan(GRAY), InputSpec(150, 150, crop_margin=False))
    assert geometry.crop_box == (0, 0, GRAY.shape[1], GRAY.shape[0])


def test_extra_black_margin_hardly_changes_the_input() -> None:
    padded = np.pad(GRAY, ((31, 12), (5, 44)))
    first, second = (preprocess(read_scan(array), INPUT_SPEC)[0].astype(int) for array in (GRAY, padded))
    assert np.abs(first - second).mean() < 3


def test_mirrored_scan_gives_a_mirrored_input() -> None:
    first, second = (preprocess(read_scan(array), INPUT_SPEC)[0].astype(int) for array in (GRAY, GRAY[:, ::-1]))
    # An odd letterbox margin cannot be halved, so the mirror image may be one pixel off.
    assert min(np.abs(first - np.roll(second[:, ::-1], shift, axis=1)).mean() for shift in (-1, 0, 1)) < 1


@pytest.mark.parametrize("array", [np.zeros((40, 60), np.uint8), np.eye(60, dtype=np.uint8) * 200])
def test_dark_or_sparse_image_is_not_cropped(array) -> None:
    assert foreground_bbox(array) == (0, 0, array.shape[1], array.shape[0])


def test_thin_bright_strip_is_not_enlarged_to_the_whole_input() -> None:
    array = np.zeros((100, 100), np.uint8)
    array[:, 40:45] = 200
    assert foreground_bbox(array) == (0, 0, 100, 100)


def test_image_wider_than_65535_pixels_is_cropped_correctly() -> None:
    array = np.zeros((40, 70_000), np.uint8)
    array[:, 20_000:] = 90  # more bright pixels per row than 16 bits can count
    assert foreground_bbox(array) == (20_000, 0, 70_000, 40)


def test_batch_is_scaled_to_one_and_repeated_over_channels() -> None:
    model_inputs = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    batch = to_batch(model_inputs, InputSpec(3, 4, channels=3))
    assert batch.shape == (2, 3, 4, 3)
    assert batch.dtype == np.float32
    for channel in range(3):
        np.testing.assert_array_equal(batch[..., channel], model_inputs.astype(np.float32) / np.float32(255))


def test_input_spec_round_trips_through_a_dict() -> None:
    spec = InputSpec(3, 4, 1, False, "stretch")
    assert InputSpec(**spec.to_dict()) == spec
