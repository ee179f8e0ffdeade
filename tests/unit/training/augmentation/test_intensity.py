"""Intensity augmentation: ranges, reproducibility, and the effect of each transform."""

from dataclasses import asdict, fields

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.models.recipe import IntensityRecipe
from braintumor.training.augmentation.intensity import apply_intensity, sample_intensity

SIDE = 24
RECIPES = st.builds(
    IntensityRecipe,
    p=st.floats(0, 1),
    gamma=st.floats(0, 1),
    contrast=st.floats(0, 0.6),
    tone_curve=st.floats(0, 1),
    inversion=st.floats(0, 1),
    shading=st.floats(0, 0.3),
    blur=st.floats(0, 1),
    noise=st.floats(0, 0.2),
    cutout=st.floats(0, 1),
)
seeds = st.integers(0, 2**32 - 1)


def _images(count: int = 6, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 1)) / 255
    values[:, :4] = 0
    return values.astype(np.float32)


def _changed(images: np.ndarray, recipe: IntensityRecipe, seed: int = 0) -> np.ndarray:
    params = asdict(sample_intensity(recipe, len(images), np.random.default_rng(seed)))
    return apply_intensity(tf.constant(images), {name: tf.constant(value) for name, value in params.items()}).numpy()


def test_defaults_change_nothing() -> None:
    assert np.allclose(_changed(_images(), IntensityRecipe()), _images(), atol=1e-6)


def test_p_zero_keeps_every_tone_curve() -> None:
    recipe = IntensityRecipe(p=0.0, gamma=1.0, contrast=0.5, tone_curve=1.0)
    assert np.allclose(_changed(_images(), recipe), _images(), atol=1e-6)


@settings(max_examples=30)
@given(recipe=RECIPES, seed=seeds)
def test_values_stay_between_0_and_1(recipe: IntensityRecipe, seed: int) -> None:
    changed = _changed(_images(), recipe, seed)
    assert changed.shape == _images().shape
    assert np.isfinite(changed).all()
    assert changed.min() >= 0
    assert changed.max() <= 1


@settings(max_examples=30)
@given(recipe=RECIPES, seed=seeds)
def test_black_stays_black_without_inversion_and_noise(recipe: IntensityRecipe, seed: int) -> None:
    plain = recipe.model_copy(update={"inversion": 0.0, "noise": 0.0})
    assert not _changed(np.zeros((3, SIDE, SIDE, 1), np.float32), plain, seed).any()
    params = sample_intensity(recipe.model_copy(update={"inversion": 1.0}), 5, np.random.default_rng(seed))
    assert (params.tone_curve[:, 0] == 1).all()


@given(recipe=RECIPES, seed=seeds)
def test_curves_are_monotonic_without_random_curve(recipe: IntensityRecipe, seed: int) -> None:
    plain = recipe.model_copy(update={"tone_curve": 0.0, "inversion": 0.0})
    curve = sample_intensity(plain, 8, np.random.default_rng(seed)).tone_curve
    assert curve.shape == (8, 256)
    assert (np.diff(curve, axis=1) >= 0).all()


def test_same_seed_gives_the_same_parameters() -> None:
    recipe = IntensityRecipe(gamma=0.5, tone_curve=0.4, shading=0.1, blur=0.5, noise=0.05, cutout=0.3)
    first, repeated, other = (sample_intensity(recipe, 9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for field in fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(repeated, field.name))
    assert not np.array_equal(first.tone_curve, other.tone_curve)
    assert np.array_equal(_changed(_images(), recipe, 5), _changed(_images(), recipe, 5))


def test_cutout_blacks_out_one_box() -> None:
    white = np.ones((40, SIDE, SIDE, 1), np.float32)
    changed = _changed(white, IntensityRecipe(cutout=1.0))[..., 0].round(5)
    assert set(np.unique(changed)) == {0.0, 1.0}
    for image in changed:
        rows, columns = np.nonzero(image == 0)
        if rows.size:
            assert (image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 0).all()
    assert 0.5 < (changed == 0).any(axis=(1, 2)).mean() <= 1
    assert 0.01 < (changed == 0).mean() < 0.07


@pytest.mark.parametrize("probability", [0.0, 0.4, 1.0])
def test_inversion_rate_matches_the_recipe(probability: float) -> None:
    params = sample_intensity(IntensityRecipe(inversion=probability), 2000, np.random.default_rng(0))
    assert (params.tone_curve[:, 0] == 1).mean() == pytest.approx(probability, abs=0.04)


def test_noise_has_the_sampled_deviation() -> None:
    grey = np.full((1, 64, 64, 1), 0.5, np.float32)
    params = sample_intensity(IntensityRecipe(), 1, np.random.default_rng(0))
    tensors = {name: tf.constant(value) for name, value in asdict(params).items()} | {"noise": tf.constant([0.05])}
    assert apply_intensity(tf.constant(grey), tensors).numpy().std() == pytest.approx(0.05, rel=0.1)


def test_positive_blur_softens_and_negative_sharpens() -> None:
    params = asdict(sample_intensity(IntensityRecipe(), 1, np.random.default_rng(0)))
    tensors = {name: tf.constant(value) for name, value in params.items()}
    edge = np.zeros((1, SIDE, SIDE, 1), np.float32)
    edge[:, :, 12:] = 0.5
    soft, sharp = (
        apply_intensity(tf.constant(edge), tensors | {"blur": tf.constant([b])}).numpy() for b in (1.0, -0.5)
    )
    steps = [np.abs(np.diff(values[0, 12, :, 0])).max() for values in (soft, edge, sharp)]
    assert steps[0] < steps[1] < steps[2]
