"""Mapping between the scan and the model input."""

import numpy as np
import pytest

from braintumor.imaging import Geometry, InputSpec, preprocess, read_scan
from braintumor.imaging.geometry import position_in_image
from tests.golden.draw import make_arrays

GRAY = make_arrays()["array-uint8"]
INPUT_SPEC = InputSpec(height=150, width=150)


def test_heat_map_returns_to_the_lesion() -> None:
    lesion = np.zeros(GRAY.shape, bool)
    lesion[45:65, 55:75] = True
    model_input, geometry = preprocess(read_scan(np.where(lesion, 255, GRAY // 4).astype(np.uint8)), INPUT_SPEC)
    resampled = geometry.resample_to_scan((model_input > 200).astype(np.float32))
    assert resampled.shape == GRAY.shape
    mask = resampled > 0.5
    assert (mask & lesion).sum() / (mask | lesion).sum() > 0.85


def test_mask_is_cropped_and_resized_like_the_scan() -> None:
    mask = np.zeros(GRAY.shape, bool)
    mask[45:65, 55:75] = True
    model_input, geometry = preprocess(read_scan(mask.astype(np.uint8) * np.uint8(255)), INPUT_SPEC)
    np.testing.assert_array_equal(geometry.mask_to_input(mask), model_input > 127)


@pytest.mark.parametrize("highest", [0.4, 0.5, 0.6, 1.0])
def test_mask_on_the_scan_is_the_resampled_map_above_the_threshold(highest: float) -> None:
    geometry = Geometry(scan_size=(97, 80), crop_box=(13, 10, 80, 71), paste_box=(3, 0, 50, 50), input_size=(50, 50))
    values = np.random.default_rng(0).random((25, 25), np.float32) ** 3
    values *= np.float32(highest) / values.max()
    mask = geometry.mask_to_scan(values, 0.5)
    np.testing.assert_array_equal(mask, geometry.resample_to_scan(values) > 0.5)
    assert mask.any() == (highest > 0.5)


def test_cropped_margin_gets_the_fill_value() -> None:
    geometry = Geometry(scan_size=(100, 80), crop_box=(20, 10, 80, 70), paste_box=(0, 0, 50, 50), input_size=(50, 50))
    resampled = geometry.resample_to_scan(np.ones((12, 12), np.float32), fill_value=-1.0)
    assert resampled.shape == (80, 100)
    np.testing.assert_allclose(resampled[10:70, 20:80], 1.0)
    assert resampled.sum() == pytest.approx(60 * 60 - (100 * 80 - 60 * 60))


def test_map_with_an_extent_is_placed_there_and_fades_outside() -> None:
    geometry = Geometry(scan_size=(90, 90), crop_box=(0, 0, 90, 90), paste_box=(0, 0, 90, 90), input_size=(90, 90))
    resampled = geometry.resample_to_scan(np.ones((4, 6), np.float32), extent=(15, 25, 75, 65))
    np.testing.assert_allclose(resampled[31:59, 21:69], 1.0, atol=1e-6)
    outside = (resampled[:19], resampled[71:], resampled[:, :9], resampled[:, 81:])
    assert [edge.max() for edge in outside] == [0.0] * 4
    assert (np.diff(resampled[45, 10:21]) >= 0).all()


@pytest.mark.parametrize("cell", [(0, 0), (5, 7), (11, 11)])
def test_cell_is_centred_on_its_receptive_field(cell: tuple[int, int]) -> None:
    box = (0, 0, 150, 150)
    geometry = Geometry(scan_size=(150, 150), crop_box=box, paste_box=box, input_size=(150, 150))
    values = np.zeros((12, 12), np.float32)
    values[cell] = 1.0
    resampled = geometry.resample_to_scan(values, extent=(19.5, 19.5, 127.5, 127.5))  # 48 pixels wide, stride 9
    rows, columns = np.nonzero(resampled > 0.95 * resampled.max())
    assert rows.mean() + 0.5 == pytest.approx(24 + 9 * cell[0], abs=1)
    assert columns.mean() + 0.5 == pytest.approx(24 + 9 * cell[1], abs=1)


def test_extent_defaults_to_the_whole_input() -> None:
    _, geometry = preprocess(read_scan(GRAY), INPUT_SPEC)
    values = np.random.default_rng(0).random((12, 12), np.float32)
    whole = geometry.resample_to_scan(values, extent=(0, 0, 150, 150))
    np.testing.assert_allclose(whole, geometry.resample_to_scan(values), atol=1e-6)


@pytest.mark.parametrize(
    ("row", "column", "expected"),
    [(0, 0, "upper left"), (4, 4, "centre"), (4, 8, "middle right"), (8, 4, "lower centre")],
)
def test_position_in_image_is_described_in_words(row: int, column: int, expected: str) -> None:
    values = np.zeros((9, 9))
    values[row, column] = 1
    assert position_in_image(values) == expected
