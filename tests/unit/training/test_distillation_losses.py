"""Distillation losses: zero when student and teacher agree, and gradients independent of the temperature."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from braintumor.training.losses import DistillationLoss, MaskDistillationLoss, soften

LOGITS = np.array([[4.0, 1.0, 0.0, -2.0], [0.0, 0.5, 3.0, 0.0]], np.float32)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(logits))


def test_softening_divides_the_logits() -> None:
    assert np.allclose(soften(_probabilities(LOGITS), 2.0), _probabilities(LOGITS / 2), atol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_loss_is_zero_only_when_student_and_teacher_agree(temperature: float) -> None:
    loss, teacher = DistillationLoss(temperature), soften(_probabilities(LOGITS), temperature)
    assert float(loss(teacher, _probabilities(LOGITS))) == pytest.approx(0.0, abs=1e-5)
    assert float(loss(teacher, _probabilities(LOGITS[::-1]))) > 0.5


def test_gradient_points_from_student_to_teacher() -> None:
    logits = tf.Variable(np.zeros((1, 4), np.float32))
    with tf.GradientTape() as tape:
        loss = DistillationLoss(2.0)(soften(_probabilities(LOGITS[:1]), 2.0), tf.nn.softmax(logits))
    expected = 2.0 * (0.25 - _probabilities(LOGITS[:1] / 2))
    assert np.allclose(tape.gradient(loss, logits), expected, atol=1e-4)


def test_mask_loss_is_lowest_at_the_teachers_mask() -> None:
    teacher = np.random.default_rng(0).uniform(0.05, 0.95, (2, 8, 8, 1)).astype(np.float32)
    logits = tf.Variable(np.log(teacher / (1 - teacher)))
    with tf.GradientTape() as tape:
        loss = MaskDistillationLoss()(teacher, logits)
    assert np.abs(tape.gradient(loss, logits)).max() < 1e-6
    assert float(MaskDistillationLoss()(teacher, logits + 1.0)) > float(loss)
