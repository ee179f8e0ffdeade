"""Moving average of the weights over all training steps."""

import keras
import numpy as np
import pytest

from braintumor.training.ema import WeightAverage


class _Recorder(keras.callbacks.Callback):
    """Records the weights after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.weights: list[list[np.ndarray]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.weights.append(self.model.get_weights())


def _model() -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.95])
def test_average_follows_the_recursion_over_two_fits(momentum: float) -> None:
    images, target = np.random.default_rng(0).normal(size=(40, 3)), np.ones((40, 2))
    model, average, recorder = _model(), _model(), _Recorder()
    average.set_weights(model.get_weights())
    expected, start = average.get_weights(), model.get_weights()
    for epoch in range(2):
        callback = WeightAverage(average, momentum)
        model.fit(images, target, 8, initial_epoch=epoch, epochs=epoch + 1, verbose=0, callbacks=[recorder, callback])
    assert len(recorder.weights) == 10
    for step, weights in enumerate(recorder.weights, start=1):
        current = min(momentum, (1 + step) / (10 + step))
        expected = [current * mean + (1 - current) * weight for mean, weight in zip(expected, weights, strict=True)]
    for actual, mean, first in zip(average.get_weights(), expected, start, strict=True):
        assert actual == pytest.approx(mean, rel=1e-5, abs=1e-6)
        assert not np.array_equal(actual, first), "normalization statistics must be averaged as well"


def test_average_does_not_change_the_trained_model() -> None:
    images, target = np.random.default_rng(0).normal(size=(16, 3)), np.ones((16, 2))
    start, results = _model().get_weights(), []
    for with_average in (False, True):
        keras.utils.set_random_seed(0)
        model = _model()
        model.set_weights(start)
        callbacks = [WeightAverage(_model(), 0.9)] if with_average else []
        model.fit(images, target, 8, verbose=0, shuffle=False, callbacks=callbacks)
        results.append(model.get_weights())
    for plain, averaged in zip(*results, strict=True):
        assert np.array_equal(plain, averaged)
