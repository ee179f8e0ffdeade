"""Moving average of weights over steps (Polyak and Juditsky 1992): steadier than where the last step landed."""

from typing import Any

import keras
import tensorflow as tf


class WeightAverage(keras.callbacks.Callback):
    """Keeps `average`, a model of the same make, at the moving average of the trained one's variables.

    Early on the average follows quickly, so that random starting weights are soon forgotten.
    """

    def __init__(self, average: keras.Model, momentum: float) -> None:
        super().__init__()
        self.average, self.momentum = average, momentum
        self._step: Any = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Build the update once per fit: the variables differ from model to model."""
        pairs = list(zip(self.average.weights, self.model.weights, strict=True))

        def step(momentum: tf.Tensor) -> None:
            for mean, weight in pairs:
                mean.assign(momentum * mean + (1 - momentum) * weight)

        self._step = tf.function(step)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Move the average a step towards the model."""
        steps = float(self.model.optimizer.iterations.numpy())
        self._step(tf.constant(min(self.momentum, (1 + steps) / (10 + steps)), tf.float32))
