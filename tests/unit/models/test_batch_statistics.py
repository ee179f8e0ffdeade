"""Batch normalization with the statistics of given images: those of the whole set, without dropout."""

import keras
import numpy as np
import pytest

from braintumor.models.batch_statistics import update_batch_statistics
from braintumor.models.fused_normalization import FusedBatchNormalization

IMAGES = np.random.default_rng(0).normal(3.0, 2.0, (64, 4, 4, 2)).astype(np.float32)


def _batches() -> list[tuple[np.ndarray, None]]:
    return [(IMAGES[start : start + 16], None) for start in range(0, 64, 16)]


@pytest.mark.parametrize("normalization", [keras.layers.BatchNormalization, FusedBatchNormalization])
def test_running_values_become_those_of_the_images_without_dropout(normalization: type) -> None:
    inner = keras.Sequential([keras.layers.Dropout(0.5), normalization(name="norm")])
    model = keras.Sequential([keras.Input((4, 4, 2)), inner])
    norm, weights = inner.get_layer("norm"), inner.get_layer("norm").get_weights()
    update_batch_statistics(model, _batches())
    means = np.array([batch.mean((0, 1, 2)) for batch, _ in _batches()])
    variances = np.array([batch.var((0, 1, 2)) for batch, _ in _batches()])
    assert np.allclose(norm.moving_mean, means.mean(0), rtol=1e-4)
    assert np.allclose(norm.moving_variance, variances.mean(0), rtol=0.01)
    assert all(np.array_equal(a, b) for a, b in zip(norm.get_weights()[:2], weights[:2], strict=True))
    assert (norm.momentum, inner.layers[0].rate) == (0.99, 0.5)


def test_frozen_normalization_keeps_its_values() -> None:
    model = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.BatchNormalization(trainable=False)])
    update_batch_statistics(model, _batches())
    assert np.array_equal(model.layers[0].moving_mean, np.zeros(2))


def test_settings_are_restored_after_an_error() -> None:
    model = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.Dropout(0.5), keras.layers.BatchNormalization()])
    with pytest.raises(ValueError, match="shape"):
        update_batch_statistics(model, [(IMAGES[:, :, :, :1], None)])
    assert (model.layers[0].rate, model.layers[1].momentum) == (0.5, 0.99)
