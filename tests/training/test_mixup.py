"""Mixup: images, answers and masks are mixed alike, and nothing is mixed of which the answer is not known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.models.recipe import Recipe
from braintumor.training.data import TrainingData
from braintumor.training.epoch import donors_of, showings_of, source_of
from braintumor.training.losses import UNKNOWN, SetCrossEntropy
from braintumor.training.mixup import mixed, sample_shares
from braintumor.training.pipeline import training_batches
from braintumor.vocabulary import Split
from tests.support.training import phantom_data

SIDE = 32


def _batch() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Four images: two with one answer, one with two right answers, one whose mask nobody outlined."""
    images = np.stack([np.full((4, 4, 1), grey, np.float32) for grey in (0.1, 0.5, 0.9, 0.3)])
    answers = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 1, 0, 0], [0, 1, 0, 0]], np.float32)
    masks = np.stack([np.full((2, 2, 1), value, np.float32) for value in (1, 0, 1, UNKNOWN)])
    return images, {"class": answers, "mask": masks}


def _mixed(shares: list[float]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    images, targets = mixed(*_batch(), np.array(shares, np.float32))
    return np.asarray(images), {name: np.asarray(values) for name, values in targets.items()}


def test_image_answer_and_mask_are_mixed_with_the_one_before() -> None:
    images, targets = _mixed([1, 0.75, 1, 1])
    assert images[1] == pytest.approx(0.75 * 0.5 + 0.25 * 0.1)
    assert targets["class"][1] == pytest.approx([0.25, 0, 0.75, 0])
    assert targets["mask"][1] == pytest.approx(0.25)


def test_where_several_answers_are_right_nothing_is_mixed() -> None:
    before, wanted = _batch()
    images, targets = _mixed([1, 1, 0.6, 0.6])
    assert np.array_equal(images[2:], before[2:])
    assert np.array_equal(targets["class"][2:], wanted["class"][2:])
    assert np.array_equal(targets["mask"], wanted["mask"])


def test_the_mask_of_a_mixture_with_an_unknown_one_is_unknown() -> None:
    _, targets = _mixed([0.8, 1, 1, 1])
    assert (targets["mask"][0] == UNKNOWN).all()
    assert targets["class"][0] == pytest.approx([0.8, 0.2, 0, 0])


@settings(max_examples=30)
@given(concentration=st.floats(0.05, 5), seed=st.integers(0, 2**32 - 1))
def test_every_image_keeps_the_larger_part_of_itself(concentration: float, seed: int) -> None:
    shares = sample_shares(concentration, 50, np.random.default_rng(seed))
    assert shares.dtype == np.float32
    assert ((shares >= 0.5) & (shares <= 1)).all()


@settings(max_examples=30)
@given(share=st.floats(0.5, 0.99), seed=st.integers(0, 2**32 - 1))
def test_a_mixed_answer_costs_the_mixed_losses_of_both(share: float, seed: int) -> None:
    said = np.random.default_rng(seed).dirichlet(np.ones(4), 1).clip(0.01).astype(np.float32)
    one, other = np.eye(4, dtype=np.float32)[[0]], np.eye(4, dtype=np.float32)[[2]]
    loss = SetCrossEntropy()
    expected = share * float(loss(one, said)) + (1 - share) * float(loss(other, said))
    assert float(loss(share * one + (1 - share) * other, said)) == pytest.approx(expected, rel=1e-4)


def _recipe(**changes: object) -> Recipe:
    said = {
        "title": "tiny", "architecture": "masked_residual", "seed": 1,
        "input": {"height": SIDE, "width": SIDE, "channels": 1}, "fit": {"learning_rate": 1e-3, "epochs": 1},
        "composites": {"planted": 0.3, "painted_out": 0.5}, "mask": {"weight": 1.0},
    }  # fmt: skip
    return Recipe.model_validate({**said, **changes})


@pytest.fixture(scope="module")
def data() -> TrainingData:
    return phantom_data(_recipe().input.contract(), per_class=8)


def _answers(recipe: Recipe, data: TrainingData) -> np.ndarray:
    source = source_of(recipe, data, Split.TRAIN)
    shown = showings_of(recipe, donors_of(data) if recipe.composites else None, source, 1)
    found = [targets for _, targets in training_batches(source, shown, 8)]
    return np.concatenate([part["class"] if isinstance(part, dict) else part for part in found])


def test_a_recipe_asks_for_mixing_and_draws_all_else_as_without(data: TrainingData) -> None:
    plain, asked = (_answers(_recipe(augmentation={"mixup": value}), data) for value in (0.0, 0.4))
    pure = (plain == asked).all(axis=1)
    assert 0 < pure.sum() < len(pure)
    assert (asked[~pure].max(axis=1) < 1).all()
    assert asked[~pure].sum(axis=1) == pytest.approx(1)


def test_networks_without_a_mask_learn_from_mixtures_too() -> None:
    changes = {"composites": None, "mask": None, "architecture": "plain_cnn", "augmentation": {"mixup": 0.4}}
    recipe = _recipe(**changes)
    found = _answers(recipe, phantom_data(recipe.input.contract(), per_class=8))
    assert ((found.max(axis=1) < 1) & np.isclose(found.sum(axis=1), 1)).any()
