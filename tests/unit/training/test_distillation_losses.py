"""Soft losses: nothing to learn from a teacher one agrees with, and gradients that do not shrink."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from braintumor.training.losses import DistillationLoss, MaskDistillationLoss, soften

LOGITS = np.array([[4.0, 1.0, 0.0, -2.0], [0.0, 0.5, 3.0, 0.0]], np.float32)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(logits))


def test_softened_probabilities_are_those_of_divided_logits() -> None:
    assert np.allclose(soften(_probabilities(LOGITS), 2.0), _probabilities(LOGITS / 2), atol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_who_agrees_with_the_teachers_loses_nothing_and_who_does_not_loses(temperature: float) -> None:
    loss, said = DistillationLoss(temperature), soften(_probabilities(LOGITS), temperature)
    assert float(loss(said, _probabilities(LOGITS))) == pytest.approx(0.0, abs=1e-5)
    assert float(loss(said, _probabilities(LOGITS[::-1]))) > 0.5


def test_the_gradient_points_from_the_students_answer_to_the_teachers() -> None:
    logits = tf.Variable(np.zeros((1, 4), np.float32))
    with tf.GradientTape() as tape:
        loss = DistillationLoss(2.0)(soften(_probabilities(LOGITS[:1]), 2.0), tf.nn.softmax(logits))
    expected = 2.0 * (0.25 - _probabilities(LOGITS[:1] / 2))
    assert np.allclose(tape.gradient(loss, logits), expected, atol=1e-4)


def test_a_mask_is_least_wrong_where_it_is_what_the_teachers_see() -> None:
    seen = np.random.default_rng(0).uniform(0.05, 0.95, (2, 8, 8, 1)).astype(np.float32)
    logits = tf.Variable(np.log(seen / (1 - seen)))
    with tf.GradientTape() as tape:
        loss = MaskDistillationLoss()(seen, logits)
    assert np.abs(tape.gradient(loss, logits)).max() < 1e-6
    assert float(MaskDistillationLoss()(seen, logits + 1.0)) > float(loss)
