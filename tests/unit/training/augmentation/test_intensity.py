"""Appearance: without a range nothing changes, grey stays grey, and black stays black unless it is turned over."""

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
    share=st.floats(0, 1),
    gamma=st.floats(0, 1),
    contrast=st.floats(0, 0.6),
    bend=st.floats(0, 1),
    inversion=st.floats(0, 1),
    shading=st.floats(0, 0.3),
    blur=st.floats(0, 1),
    noise=st.floats(0, 0.2),
    hole=st.floats(0, 1),
)
seeds = st.integers(0, 2**32 - 1)


def _images(count: int = 6, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 1)) / 255
    values[:, :4] = 0
    return values.astype(np.float32)


def _changed(images: np.ndarray, recipe: IntensityRecipe, seed: int = 0) -> np.ndarray:
    draw = asdict(sample_intensity(recipe, len(images), np.random.default_rng(seed)))
    return apply_intensity(tf.constant(images), {name: tf.constant(value) for name, value in draw.items()}).numpy()


def test_no_range_no_change() -> None:
    assert np.allclose(_changed(_images(), IntensityRecipe()), _images(), atol=1e-6)


def test_a_share_of_zero_leaves_every_grey_curve_straight() -> None:
    recipe = IntensityRecipe(share=0.0, gamma=1.0, contrast=0.5, bend=1.0)
    assert np.allclose(_changed(_images(), recipe), _images(), atol=1e-6)


@settings(max_examples=30)
@given(recipe=RECIPES, seed=seeds)
def test_grey_stays_between_black_and_white(recipe: IntensityRecipe, seed: int) -> None:
    found = _changed(_images(), recipe, seed)
    assert found.shape == _images().shape
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


@settings(max_examples=30)
@given(recipe=RECIPES, seed=seeds)
def test_black_stays_black_unless_turned_over_or_noisy(recipe: IntensityRecipe, seed: int) -> None:
    kept = recipe.model_copy(update={"inversion": 0.0, "noise": 0.0})
    assert not _changed(np.zeros((3, SIDE, SIDE, 1), np.float32), kept, seed).any()
    draw = sample_intensity(recipe.model_copy(update={"inversion": 1.0}), 5, np.random.default_rng(seed))
    assert (draw.tone_curve[:, 0] == 1).all()


@given(recipe=RECIPES, seed=seeds)
def test_without_bending_brighter_stays_brighter(recipe: IntensityRecipe, seed: int) -> None:
    plain = recipe.model_copy(update={"bend": 0.0, "inversion": 0.0})
    curve = sample_intensity(plain, 8, np.random.default_rng(seed)).tone_curve
    assert curve.shape == (8, 256)
    assert (np.diff(curve, axis=1) >= 0).all()


def test_a_seed_replays_the_same_changes() -> None:
    recipe = IntensityRecipe(gamma=0.5, bend=0.4, shading=0.1, blur=0.5, noise=0.05, hole=0.3)
    first, again, other = (sample_intensity(recipe, 9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    for field in fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(again, field.name))
    assert not np.array_equal(first.tone_curve, other.tone_curve)
    assert np.array_equal(_changed(_images(), recipe, 5), _changed(_images(), recipe, 5))


def test_a_hole_blacks_out_one_box_and_no_more() -> None:
    white = np.ones((40, SIDE, SIDE, 1), np.float32)
    found = _changed(white, IntensityRecipe(hole=1.0))[..., 0].round(5)
    assert set(np.unique(found)) == {0.0, 1.0}
    for image in found:
        rows, columns = np.nonzero(image == 0)
        if rows.size:
            assert (image[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] == 0).all()
    assert 0.5 < (found == 0).any(axis=(1, 2)).mean() <= 1
    assert 0.01 < (found == 0).mean() < 0.07


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.0), (0.4, 0.4), (1.0, 1.0)])
def test_images_are_turned_over_as_often_as_the_recipe_says(chance: float, share: float) -> None:
    draw = sample_intensity(IntensityRecipe(inversion=chance), 2000, np.random.default_rng(0))
    assert (draw.tone_curve[:, 0] == 1).mean() == pytest.approx(share, abs=0.04)


def test_noise_has_the_spread_that_was_drawn() -> None:
    grey = np.full((1, 64, 64, 1), 0.5, np.float32)
    draw = sample_intensity(IntensityRecipe(), 1, np.random.default_rng(0))
    given_ = {name: tf.constant(value) for name, value in asdict(draw).items()} | {"noise": tf.constant([0.05])}
    assert apply_intensity(tf.constant(grey), given_).numpy().std() == pytest.approx(0.05, rel=0.1)


def test_blur_softens_and_its_opposite_sharpens() -> None:
    draw = asdict(sample_intensity(IntensityRecipe(), 1, np.random.default_rng(0)))
    given_ = {name: tf.constant(value) for name, value in draw.items()}
    edge = np.zeros((1, SIDE, SIDE, 1), np.float32)
    edge[:, :, 12:] = 0.5
    soft, sharp = (apply_intensity(tf.constant(edge), given_ | {"blur": tf.constant([b])}).numpy() for b in (1.0, -0.5))
    steps = [np.abs(np.diff(values[0, 12, :, 0])).max() for values in (soft, edge, sharp)]
    assert steps[0] < steps[1] < steps[2]
