"""Averaging: the moving average of Polyak and Juditsky, over every weight and every step."""

import keras
import numpy as np
import pytest

from braintumor.training.ema import WeightAverage


class _Recorder(keras.callbacks.Callback):
    """Keeps the weights after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[list[np.ndarray]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self.seen.append(self.model.get_weights())


def _model() -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("momentum", [0.0, 0.3, 0.95])
def test_the_average_follows_the_recursion_over_two_epochs_of_their_own(momentum: float) -> None:
    images, target = np.random.default_rng(0).normal(size=(40, 3)), np.ones((40, 2))
    model, average, recorder = _model(), _model(), _Recorder()
    average.set_weights(model.get_weights())
    expected, start = average.get_weights(), model.get_weights()
    for epoch in range(2):
        callback = WeightAverage(average, momentum)
        model.fit(images, target, 8, initial_epoch=epoch, epochs=epoch + 1, verbose=0, callbacks=[recorder, callback])
    assert len(recorder.seen) == 10
    for step, weights in enumerate(recorder.seen, start=1):
        kept = min(momentum, (1 + step) / (10 + step))
        expected = [kept * mean + (1 - kept) * weight for mean, weight in zip(expected, weights, strict=True)]
    for found, mean, first in zip(average.get_weights(), expected, start, strict=True):
        assert found == pytest.approx(mean, rel=1e-5, abs=1e-6)
        assert not np.array_equal(found, first), "the statistics of normalization are averaged too"


def test_the_trained_model_is_left_as_it_would_be_without_an_average() -> None:
    images, target = np.random.default_rng(0).normal(size=(16, 3)), np.ones((16, 2))
    start, found = _model().get_weights(), []
    for watched in (False, True):
        keras.utils.set_random_seed(0)
        model = _model()
        model.set_weights(start)
        callbacks = [WeightAverage(_model(), 0.9)] if watched else []
        model.fit(images, target, 8, verbose=0, shuffle=False, callbacks=callbacks)
        found.append(model.get_weights())
    for plain, averaged in zip(*found, strict=True):
        assert np.array_equal(plain, averaged)
