"""Exponential moving average of the weights over training steps (Polyak and Juditsky 1992)."""

from typing import Any

import keras
import tensorflow as tf


class WeightAverage(keras.callbacks.Callback):
    """Updates a copy of the model to the moving average of its variables after each step.

    The momentum is lower in the first steps, so that the random initial weights do not linger in the average.
    """

    def __init__(self, average: keras.Model, momentum: float) -> None:
        super().__init__()
        self.average, self.momentum = average, momentum
        self._update: Any = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Compile the update for the variables of this model."""
        pairs = list(zip(self.average.weights, self.model.weights, strict=True))

        def update(momentum: tf.Tensor) -> None:
            for mean, weight in pairs:
                mean.assign(momentum * mean + (1 - momentum) * weight)

        self._update = tf.function(update)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the average towards the current weights."""
        steps = float(self.model.optimizer.iterations.numpy())
        self._update(tf.constant(min(self.momentum, (1 + steps) / (10 + steps)), tf.float32))
