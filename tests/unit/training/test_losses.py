"""Losses: equal to Keras and the papers for certain labels, and zero for unknown ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.enums import NO_CLASS_INDEX, UNKNOWN_TYPE_INDEX
from braintumor.training.losses import UNKNOWN_MASK, MaskLoss, PartialLabelCrossEntropy, encode_class_targets

seeds = st.integers(0, 2**32 - 1)


def _labels_and_predictions(seed: int, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    predicted = generator.dirichlet(np.ones(4), count).clip(0.01).astype(np.float32)
    return np.eye(4, dtype=np.float32)[generator.integers(4, size=count)], predicted / predicted.sum(
        axis=1, keepdims=True
    )


@settings(max_examples=30)
@given(seed=seeds, smoothing=st.floats(0, 0.5))
def test_one_correct_class_gives_categorical_cross_entropy(seed: int, smoothing: float) -> None:
    truth, predicted = _labels_and_predictions(seed)
    expected = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)(truth, predicted)
    assert float(PartialLabelCrossEntropy(smoothing)(truth, predicted)) == pytest.approx(
        float(expected), rel=1e-4, abs=1e-5
    )


@settings(max_examples=30)
@given(seed=seeds, smoothing=st.floats(0, 0.5))
def test_all_classes_correct_leaves_only_the_smoothing_loss(seed: int, smoothing: float) -> None:
    _, predicted = _labels_and_predictions(seed)
    loss = float(PartialLabelCrossEntropy(smoothing)(np.ones_like(predicted), predicted))
    assert loss == pytest.approx(smoothing * -np.log(predicted).mean(), rel=1e-4, abs=1e-5)


def test_any_of_several_correct_classes_has_the_same_loss() -> None:
    tumor = np.array([[1, 1, 0, 1]], np.float32)
    certain, spread, wrong = np.array([[0.9, 0, 0.1, 0]]), np.array([[0.3, 0.3, 0.1, 0.3]]), np.array([[0, 0, 1.0, 0]])
    loss = PartialLabelCrossEntropy()
    assert float(loss(tumor, certain)) == pytest.approx(float(loss(tumor, spread))) == pytest.approx(-np.log(0.9))
    assert np.isfinite(float(loss(tumor, wrong)))
    assert float(loss(tumor, wrong)) > 10


def _masks() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    truth = np.zeros((3, 8, 8, 1), np.float32)
    truth[0, 2:5, 3:6], truth[1, 0, :] = 1, 0.5
    return truth, generator.normal(0, 2, truth.shape).astype(np.float32)


def test_mask_loss_is_pixel_cross_entropy_plus_dice() -> None:
    truth, logits = _masks()
    probability = 1 / (1 + np.exp(-logits.astype(float)))
    pixels = -(truth * np.log(probability) + (1 - truth) * np.log(1 - probability)).mean(axis=(1, 2, 3))
    overlap = (truth * probability).sum(axis=(1, 2, 3))
    dice = 1 - (2 * overlap + 1) / (truth.sum(axis=(1, 2, 3)) + probability.sum(axis=(1, 2, 3)) + 1)
    dice[2] = 0  # no tumor, no Dice
    loss = MaskLoss(reduction="none")(truth, logits)
    assert np.asarray(loss) == pytest.approx(10 * pixels + dice, rel=1e-5)


def test_perfect_mask_has_almost_no_loss_and_large_logits_are_finite() -> None:
    truth = (_masks()[0] > 0.4).astype(np.float32)
    assert float(MaskLoss()(truth, 60 * truth - 30)) == pytest.approx(0, abs=1e-3)
    assert np.isfinite(float(MaskLoss()(truth, 1e4 * (1 - 2 * truth))))


def test_unknown_mask_has_no_loss_and_no_gradient() -> None:
    truth, logits = _masks()
    truth[1] = UNKNOWN_MASK
    values = tf.Variable(logits)
    with tf.GradientTape() as tape:
        each = MaskLoss(reduction="none")(truth, values)
    gradient = tape.gradient(each, values).numpy()
    assert float(each[1]) == 0
    assert not gradient[1].any()
    assert np.abs(gradient[[0, 2]]).min(axis=(1, 2, 3)).all()


def test_gradients_point_to_the_truth() -> None:
    truth, logits = _masks()
    values = tf.Variable(0.1 * logits)
    with tf.GradientTape() as tape:
        loss = MaskLoss()(truth, values)
    gradient = tape.gradient(loss, values).numpy()
    assert (gradient[truth == 1] < 0).all()
    assert (gradient[truth == 0] > 0).all()
    labels, predicted = _labels_and_predictions(1)
    variable = tf.Variable(predicted)
    with tf.GradientTape() as tape:
        loss = PartialLabelCrossEntropy()(labels, variable)
    gradient = tape.gradient(loss, variable).numpy()
    assert (gradient[labels == 1] < 0).all()
    assert (gradient[labels == 0] == 0).all()


@pytest.mark.parametrize("loss", [PartialLabelCrossEntropy(0.1), MaskLoss()])
def test_loss_survives_serialization(loss: keras.losses.Loss) -> None:
    restored = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(restored) is type(loss)
    assert restored.get_config() == loss.get_config()


def test_tumour_of_unknown_type_is_correct_as_any_type_and_wrong_as_no_tumour() -> None:
    targets = encode_class_targets(np.array([1, UNKNOWN_TYPE_INDEX]))
    assert targets.tolist() == [[0, 1, 0, 0], [1, 1, 0, 1]]
    loss = PartialLabelCrossEntropy()
    split_over_types = float(loss(targets[1:], np.array([[0.5, 0.3, 0.0, 0.2]], np.float32)))
    no_tumour = float(loss(targets[1:], np.array([[0.0, 0.0, 1.0, 0.0]], np.float32)))
    assert split_over_types == pytest.approx(0, abs=1e-5)
    assert no_tumour > 10


def test_image_without_a_class_has_no_target() -> None:
    with pytest.raises(ValueError, match="leave them out"):
        encode_class_targets(np.array([0, NO_CLASS_INDEX]))
