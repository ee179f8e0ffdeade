"""Losses: those of Keras and of the papers where an answer is certain, and nothing lost where it is not."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.training.losses import UNKNOWN_MASK, MaskLoss, PartialLabelCrossEntropy

seeds = st.integers(0, 2**32 - 1)


def _answers(seed: int, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    given_ = generator.dirichlet(np.ones(4), count).clip(0.01).astype(np.float32)
    return np.eye(4, dtype=np.float32)[generator.integers(4, size=count)], given_ / given_.sum(axis=1, keepdims=True)


@settings(max_examples=30)
@given(seed=seeds, smoothing=st.floats(0, 0.5))
def test_one_right_answer_gives_the_categorical_cross_entropy_of_keras(seed: int, smoothing: float) -> None:
    truth, given_ = _answers(seed)
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)(truth, given_)
    assert float(PartialLabelCrossEntropy(smoothing)(truth, given_)) == pytest.approx(
        float(expected), rel=1e-4, abs=1e-5
    )


@settings(max_examples=30)
@given(seed=seeds, smoothing=st.floats(0, 0.5))
def test_where_every_answer_is_right_only_smoothing_costs(seed: int, smoothing: float) -> None:
    _, given_ = _answers(seed)
    found = float(PartialLabelCrossEntropy(smoothing)(np.ones_like(given_), given_))
    assert found == pytest.approx(smoothing * -np.log(given_).mean(), rel=1e-4, abs=1e-5)


def test_any_of_several_right_answers_will_do() -> None:
    tumour = np.array([[1, 1, 0, 1]], np.float32)
    one, other, wrong = np.array([[0.9, 0, 0.1, 0]]), np.array([[0.3, 0.3, 0.1, 0.3]]), np.array([[0, 0, 1.0, 0]])
    loss = PartialLabelCrossEntropy()
    assert float(loss(tumour, one)) == pytest.approx(float(loss(tumour, other))) == pytest.approx(-np.log(0.9))
    assert np.isfinite(float(loss(tumour, wrong)))
    assert float(loss(tumour, wrong)) > 10


def _masks() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = np.zeros((3, 8, 8, 1), np.float32)
    truth[0, 2:5, 3:6], truth[1, 0, :] = 1, 0.5
    return truth, generator.normal(0, 2, truth.shape).astype(np.float32)


def test_the_mask_loss_is_pixel_cross_entropy_and_dice_as_published() -> None:
    truth, logits = _masks()
    seen = 1 / (1 + np.exp(-logits.astype(float)))
    pixels = -(truth * np.log(seen) + (1 - truth) * np.log(1 - seen)).mean(axis=(1, 2, 3))
    both = (truth * seen).sum(axis=(1, 2, 3))
    dice = 1 - (2 * both + 1) / (truth.sum(axis=(1, 2, 3)) + seen.sum(axis=(1, 2, 3)) + 1)
    dice[2] = 0  # no tumour, no Dice
    found = MaskLoss(reduction="none")(truth, logits)
    assert np.asarray(found) == pytest.approx(10 * pixels + dice, rel=1e-5)


def test_a_perfect_mask_costs_next_to_nothing_and_huge_logits_stay_finite() -> None:
    truth = (_masks()[0] > 0.4).astype(np.float32)
    assert float(MaskLoss()(truth, 60 * truth - 30)) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(float(MaskLoss()(truth, 1e4 * (1 - 2 * truth))))


def test_a_mask_nobody_outlined_costs_nothing_and_teaches_nothing() -> None:
    truth, logits = _masks()
    truth[1] = UNKNOWN_MASK
    values = tf.Variable(logits)
    with tf.GradientTape() as tape:
        each = MaskLoss(reduction="none")(truth, values)
    gradient = tape.gradient(each, values).numpy()
    assert float(each[1]) == 0
    assert not gradient[1].any()
    assert np.abs(gradient[[0, 2]]).min(axis=(1, 2, 3)).all()


def test_gradients_point_towards_the_truth() -> None:
    truth, logits = _masks()
    values = tf.Variable(0.1 * logits)
    with tf.GradientTape() as tape:
        loss = MaskLoss()(truth, values)
    gradient = tape.gradient(loss, values).numpy()
    assert (gradient[truth == 1] < 0).all()
    assert (gradient[truth == 0] > 0).all()
    right, given_ = _answers(1)
    shares = tf.Variable(given_)
    with tf.GradientTape() as tape:
        loss = PartialLabelCrossEntropy()(right, shares)
    gradient = tape.gradient(loss, shares).numpy()
    assert (gradient[right == 1] < 0).all()
    assert (gradient[right == 0] == 0).all()


@pytest.mark.parametrize("loss", [PartialLabelCrossEntropy(0.1), MaskLoss()])
def test_a_loss_comes_back_from_what_keras_saves(loss: keras.losses.Loss) -> None:
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
