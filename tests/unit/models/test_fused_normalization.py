"""Fused batch normalization gives the outputs, gradients and running statistics of Keras's own."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from braintumor.models.builder import load_keras_model
from braintumor.models.fused_normalization import FusedBatchNormalization

SHAPE = (6, 9, 7, 5)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_training_step_matches_keras(policy: str) -> None:
    rng = np.random.default_rng(3)
    images = tf.constant(rng.normal(2.0, 3.0, SHAPE), keras.mixed_precision.DTypePolicy(policy).compute_dtype)
    factors = tf.constant(rng.normal(size=SHAPE), images.dtype)
    ours, theirs = FusedBatchNormalization(dtype=policy), keras.layers.BatchNormalization(dtype=policy)
    results = [train_once(layer, images, factors) for layer in (ours, theirs)]
    for fused, expected in zip(*results, strict=True):
        assert np.allclose(fused, expected, atol=1e-4 if policy == "float32" else 0.05)


def test_running_variance_is_that_of_a_sample() -> None:
    images = np.random.default_rng(4).normal(size=SHAPE).astype(np.float32)
    layer = FusedBatchNormalization(momentum=0.0)
    layer(images, training=True)
    assert np.allclose(layer.moving_mean, images.mean(axis=(0, 1, 2)), atol=1e-5)
    assert np.allclose(layer.moving_variance, images.var(axis=(0, 1, 2), ddof=1), rtol=1e-5)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_prediction_uses_the_running_statistics(is_frozen: bool) -> None:
    images = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
    ours, theirs = FusedBatchNormalization(), keras.layers.BatchNormalization()
    ours(images, training=True)
    theirs.build(SHAPE)
    theirs.set_weights(ours.get_weights())
    ours.trainable = not is_frozen
    assert np.allclose(ours(images, training=is_frozen), theirs(images, training=False), atol=1e-6)


def test_saved_network_is_loaded_with_its_statistics(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input(SHAPE[1:]), FusedBatchNormalization()])
    images = np.random.default_rng(6).normal(size=SHAPE).astype(np.float32)
    network(images, training=True)
    network.save(tmp_path / "network.keras")
    loaded = load_keras_model(tmp_path / "network.keras")
    assert isinstance(loaded.layers[-1], FusedBatchNormalization)
    assert np.array_equal(loaded(images), network(images))


def train_once(layer: keras.layers.Layer, images: tf.Tensor, factors: tf.Tensor) -> list[np.ndarray]:
    """Return the outputs, gradients by images, scale and offset, and the running mean of one training step."""
    layer.build(images.shape)
    layer.gamma.assign([0.5, 1.0, 1.5, 2.0, -1.0])
    with tf.GradientTape() as tape:
        tape.watch(images)
        outputs = layer(images, training=True)
        loss = tf.reduce_sum(tf.cast(outputs * factors, tf.float32))
    gradients = tape.gradient(loss, [images, layer.gamma.value, layer.beta.value])
    values = [outputs, *gradients, layer.moving_mean]
    return [np.asarray(tf.cast(value, tf.float32)) for value in values]
