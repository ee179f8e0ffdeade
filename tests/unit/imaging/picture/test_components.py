"""Components match those of scipy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from braintumor.imaging.picture.components import find_components

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=20))
SEEDS = st.integers(0, 2**32 - 1)
FACTORS = st.integers(1, 3)


def _label(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    return labels, np.arange(1, count + 1)


@given(MASKS)
def test_boxes_and_areas_match_scipy(mask: np.ndarray) -> None:
    components = find_components(mask)
    labels, _ = _label(mask)
    boxes = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(labels)]
    areas = np.bincount(labels.ravel())[1:]
    assert components.boxes.tolist() == [list(box) for box in boxes]
    assert components.areas.tolist() == areas.tolist()


@given(MASKS, SEEDS)
def test_peaks_match_scipy(mask: np.ndarray, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, mask.shape, dtype=np.uint8)
    labels, numbers = _label(mask)
    peaks = ndimage.maximum(pixels, labels, numbers) if len(numbers) else []
    assert find_components(mask).peaks(pixels).tolist() == list(peaks)


@given(MASKS, SEEDS, FACTORS)
def test_components_that_touch_a_reduced_region_are_reported(mask: np.ndarray, seed: int, factor: int) -> None:
    height, width = (side // factor for side in mask.shape)
    region = np.random.default_rng(seed).random((height, width)) < 0.2
    rows = np.minimum(np.arange(mask.shape[0]) // factor, height - 1)
    columns = np.minimum(np.arange(mask.shape[1]) // factor, width - 1)
    labels, numbers = _label(mask)
    touching = [bool(region[rows[:, None], columns][labels == number].any()) for number in numbers]
    assert find_components(mask).touching(region, factor).tolist() == touching


@given(MASKS, SEEDS)
def test_selected_components_keep_their_measures(mask: np.ndarray, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, mask.shape, dtype=np.uint8)
    components = find_components(mask)
    is_selected = random.random(len(components)) < 0.5
    selected = components.select(is_selected)
    assert selected.boxes.tolist() == components.boxes[is_selected].tolist()
    assert selected.peaks(pixels).tolist() == components.peaks(pixels)[is_selected].tolist()


def test_long_spiral_is_one_component() -> None:
    mask = np.zeros((41, 41), bool)
    low, high = 0, 40
    while high - low > 4:
        mask[low, low : high + 1] = mask[low : high + 1, high] = mask[high, low : high + 1] = True
        mask[low + 2 : high + 1, low] = mask[low + 2, low : low + 2] = True
        mask[low + 1, low], low, high = False, low + 2, high - 2
    assert len(find_components(mask)) == 1
