"""Spatial augmentation: reproducible by seed, within its ranges, and geometrically correct."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.models.recipe import AugmentationRecipe
from braintumor.training.augmentation.spatial import sample_spatial
from braintumor.training.inputs.input_pipeline import EpochPlan, SplitTensors, training_batches


def _apply(frame: np.ndarray, recipe: AugmentationRecipe, seed: int = 0) -> np.ndarray:
    params = sample_spatial(recipe, 1, *frame.shape, np.random.default_rng(seed))
    source = SplitTensors(tf.constant(frame[None]), np.array([0]), 1)
    images, _ = next(iter(training_batches(source, EpochPlan(np.array([0]), params), 1)))
    return images.numpy()[0, ..., 0]


def _frame() -> np.ndarray:
    frame = np.zeros((60, 60), np.uint8)
    frame[20:30, 25:45] = 200
    return frame


def test_defaults_change_nothing() -> None:
    assert np.allclose(_apply(_frame(), AugmentationRecipe()), _frame() / 255, atol=1e-6)


def test_flip_mirrors_half_of_the_images() -> None:
    recipe = AugmentationRecipe(horizontal_flip=True)
    results = [_apply(_frame(), recipe, seed) for seed in range(40)]
    mirrored = [np.allclose(r, _frame()[:, ::-1] / 255, atol=1e-5) for r in results]
    same = [np.allclose(r, _frame() / 255, atol=1e-5) for r in results]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_rotation_preserves_centre_and_mass() -> None:
    frame = np.zeros((61, 61), np.uint8)
    frame[28:33, 28:33] = 255
    rotated = _apply(frame, AugmentationRecipe(rotation=45), 3)
    rows, columns = np.indices(rotated.shape)
    assert (rotated * rows).sum() / rotated.sum() == pytest.approx(30, abs=0.3)
    assert (rotated * columns).sum() / rotated.sum() == pytest.approx(30, abs=0.3)
    assert rotated.sum() == pytest.approx(frame.sum() / 255, rel=0.1)


def test_brightness_scales_and_clips() -> None:
    recipe = AugmentationRecipe(brightness=(1.5, 1.5))
    assert _apply(_frame(), recipe).max() == 1.0
    assert _apply(_frame() // 2, recipe).max() == pytest.approx(1.5 * 100 / 255)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(0, 0.3), rotation=st.floats(0, 90), zoom=st.floats(0, 0.4))
def test_parameters_are_in_range_and_reproducible(seed: int, shift: float, rotation: float, zoom: float) -> None:
    recipe = AugmentationRecipe(shift=shift, rotation=rotation, zoom=zoom, brightness=(0.8, 1.2))
    params = sample_spatial(recipe, 50, 40, 60, np.random.default_rng(seed))
    repeated = sample_spatial(recipe, 50, 40, 60, np.random.default_rng(seed))
    assert (params.transforms == repeated.transforms).all()
    a, b, c, d, e, f = params.transforms[:, :6].astype(float).T
    scale = np.sqrt(np.abs(a * e - b * d))
    assert (scale >= 1 - zoom - 1e-5).all()
    assert (scale <= 1 + zoom + 1e-5).all()
    center_x, center_y = a * 29.5 + b * 19.5 + c, d * 29.5 + e * 19.5 + f
    assert (np.abs(center_x - 29.5) <= shift * 60 + 1e-3).all()
    assert (np.abs(center_y - 19.5) <= shift * 40 + 1e-3).all()
    assert ((params.brightness >= 0.8 - 1e-6) & (params.brightness <= 1.2 + 1e-6)).all()
