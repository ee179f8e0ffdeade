"""Soft losses: nothing to learn from a teacher one agrees with, gradients that do not shrink, weights that count."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from braintumor.models.reversal import GradientReversal, origin_reader
from braintumor.training.origin import origin_targets
from braintumor.training.soft_losses import OriginLoss, TaughtClass, TaughtMask, softened

LOGITS = np.array([[4.0, 1.0, 0.0, -2.0], [0.0, 0.5, 3.0, 0.0]], np.float32)


def _probabilities(logits: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(logits))


def test_softened_probabilities_are_those_of_divided_logits() -> None:
    assert np.allclose(softened(_probabilities(LOGITS), 2.0), _probabilities(LOGITS / 2), atol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_who_agrees_with_the_teachers_loses_nothing_and_who_does_not_loses(temperature: float) -> None:
    loss, said = TaughtClass(temperature), softened(_probabilities(LOGITS), temperature)
    assert float(loss(said, _probabilities(LOGITS))) == pytest.approx(0.0, abs=1e-5)
    assert float(loss(said, _probabilities(LOGITS[::-1]))) > 0.5


def test_the_gradient_points_from_the_students_answer_to_the_teachers() -> None:
    logits = tf.Variable(np.zeros((1, 4), np.float32))
    with tf.GradientTape() as tape:
        loss = TaughtClass(2.0)(softened(_probabilities(LOGITS[:1]), 2.0), tf.nn.softmax(logits))
    expected = 2.0 * (0.25 - _probabilities(LOGITS[:1] / 2))
    assert np.allclose(tape.gradient(loss, logits), expected, atol=1e-4)


def test_a_mask_is_least_wrong_where_it_is_what_the_teachers_see() -> None:
    seen = np.random.default_rng(0).uniform(0.05, 0.95, (2, 8, 8, 1)).astype(np.float32)
    logits = tf.Variable(np.log(seen / (1 - seen)))
    with tf.GradientTape() as tape:
        loss = TaughtMask()(seen, logits)
    assert np.abs(tape.gradient(loss, logits)).max() < 1e-6
    assert float(TaughtMask()(seen, logits + 1.0)) > float(loss)


def test_an_image_that_weighs_nothing_is_asked_nothing() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 2, 3)).astype(np.float32)
    asked = np.zeros((3, 2, 3), np.float32)
    assert float(OriginLoss()(asked, logits)) == 0.0
    asked[1, 0, 2] = 2.0
    own = 2 * -np.log(_probabilities(logits[1, 0]))[2]
    assert float(OriginLoss()(asked, logits)) == pytest.approx(own / 3, rel=1e-5)


def test_values_pass_the_reversal_and_gradients_come_back_turned() -> None:
    values = tf.Variable(np.array([[1.0, -2.0, 0.5]], np.float32))
    with tf.GradientTape() as tape:
        passed = GradientReversal(0.3)(values)
        total = tf.reduce_sum(passed * tf.constant([[1.0, 2.0, 3.0]]))
    assert np.allclose(passed, values)
    assert np.allclose(tape.gradient(total, values), [[-0.3, -0.6, -0.9]], atol=1e-6)


def test_features_lean_less_on_an_origin_that_goes_with_the_label_when_taught_against_its_reader() -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(2, size=600)
    origin = np.where(generator.random(600) < 0.2, 1 - label, label)
    told = origin_targets(np.array(["a", "b"], object)[origin], label == 1, ("a", "b"))
    seen = np.stack([label, origin], axis=1) * 2.0 - 1 + generator.normal(0, (1.0, 0.3), (600, 2))
    leaning = {}
    for strength in (0.0, 1.0):
        keras.utils.set_random_seed(3)
        image = keras.Input((2,))
        feature = keras.layers.Dense(1, name="features")(image)
        answer = keras.layers.Dense(1, activation="sigmoid")(feature)
        model = keras.Model(image, {"class": answer, "origin": origin_reader(feature, 2, 2, strength)})
        model.compile(keras.optimizers.Adam(0.02), {"class": "binary_crossentropy", "origin": OriginLoss()})
        model.get_layer("features").set_weights([np.ones((2, 1)), np.zeros(1)])
        model.fit(seen, {"class": label[:, None], "origin": told}, epochs=8, batch_size=50, verbose=0)
        kernel = model.get_layer("features").get_weights()[0][:, 0]
        leaning[strength] = kernel[1] / kernel[0]
    assert leaning[0.0] > 0.5
    assert abs(leaning[1.0]) < 0.7 * leaning[0.0]
