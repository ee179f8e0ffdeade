"""Augmentation: the same seed draws the same changes, each quantity stays in its range, and each does what it says."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.models.recipe import AugmentationRecipe
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.input_pipeline import EpochPlan, SplitTensors, training_batches


def _apply(frame: np.ndarray, recipe: AugmentationRecipe, seed: int = 0) -> np.ndarray:
    draw = sample_spatial(recipe, 1, *frame.shape, np.random.default_rng(seed))
    source = SplitTensors(tf.constant(frame[None]), np.array([0]), 1)
    images, _ = next(iter(training_batches(source, EpochPlan(np.array([0]), draw), 1)))
    return images.numpy()[0, ..., 0]


def _frame() -> np.ndarray:
    frame = np.zeros((60, 60), np.uint8)
    frame[20:30, 25:45] = 200
    return frame


def test_no_range_no_change() -> None:
    assert np.allclose(_apply(_frame(), AugmentationRecipe()), _frame() / 255, atol=1e-6)


def test_a_flip_mirrors_left_and_right_half_the_time() -> None:
    recipe = AugmentationRecipe(horizontal_flip=True)
    results = [_apply(_frame(), recipe, seed) for seed in range(40)]
    mirrored = [np.allclose(r, _frame()[:, ::-1] / 255, atol=1e-5) for r in results]
    same = [np.allclose(r, _frame() / 255, atol=1e-5) for r in results]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_a_rotation_keeps_the_centre_and_the_mass() -> None:
    frame = np.zeros((61, 61), np.uint8)
    frame[28:33, 28:33] = 255
    turned = _apply(frame, AugmentationRecipe(rotation=45), 3)
    rows, columns = np.indices(turned.shape)
    assert (turned * rows).sum() / turned.sum() == pytest.approx(30, abs=0.3)
    assert (turned * columns).sum() / turned.sum() == pytest.approx(30, abs=0.3)
    assert turned.sum() == pytest.approx(frame.sum() / 255, rel=0.1)


def test_brightness_scales_grey_values_and_clips_at_white() -> None:
    recipe = AugmentationRecipe(brightness=(1.5, 1.5))
    assert _apply(_frame(), recipe).max() == 1.0
    assert _apply(_frame() // 2, recipe).max() == pytest.approx(1.5 * 100 / 255)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(0, 0.3), rotation=st.floats(0, 90), zoom=st.floats(0, 0.4))
def test_draws_stay_in_their_ranges_and_repeat_with_the_seed(
    seed: int, shift: float, rotation: float, zoom: float
) -> None:
    recipe = AugmentationRecipe(shift=shift, rotation=rotation, zoom=zoom, brightness=(0.8, 1.2))
    draw = sample_spatial(recipe, 50, 40, 60, np.random.default_rng(seed))
    again = sample_spatial(recipe, 50, 40, 60, np.random.default_rng(seed))
    assert (draw.transforms == again.transforms).all()
    a, b, c, d, e, f = draw.transforms[:, :6].astype(float).T
    scale = np.sqrt(np.abs(a * e - b * d))
    assert (scale >= 1 - zoom - 1e-5).all()
    assert (scale <= 1 + zoom + 1e-5).all()
    centre_x, centre_y = a * 29.5 + b * 19.5 + c, d * 29.5 + e * 19.5 + f
    assert (np.abs(centre_x - 29.5) <= shift * 60 + 1e-3).all()
    assert (np.abs(centre_y - 19.5) <= shift * 40 + 1e-3).all()
    assert ((draw.brightness >= 0.8 - 1e-6) & (draw.brightness <= 1.2 + 1e-6)).all()
