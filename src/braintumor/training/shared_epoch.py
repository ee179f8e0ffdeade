"""One epoch of training shared by several devices: each takes its part of every batch, and all take the same step.

Keras's own `fit` does this for the devices of one machine but not for several machines (keras-team/keras#20585), so the
loop is written out here, for both.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.training.checkpoint import random_states
from braintumor.training.pipeline import Showings


class SharedModel:
    """A copy of a model on every device, trained in step.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
    model : Model
        Compiled; its optimizer is kept as `of`, by which a model compiled anew is told.
    """

    def __init__(self, strategy: tf.distribute.Strategy, model: keras.Model) -> None:
        self.strategy, self.of = strategy, model.optimizer
        with strategy.scope():
            self.copy = type(model).from_config(model.get_config())
            self.copy.compile_from_config(model.get_compile_config())
            self.copy.optimizer.build(self.copy.trainable_variables)
        self._step = tf.function(self._on_all, reduce_retracing=True)
        self._statistics = [v for v in self.copy.non_trainable_weights if v.dtype.startswith(("float", "bfloat"))]
        self._mean = tf.function(self._mean_statistics)

    def epoch(
        self,
        model: keras.Model,
        batches: Callable[[Showings, int], tf.data.Dataset],
        shown: Showings,
        size: int,
        callbacks: Sequence[Any],
        verbose: int,
    ) -> dict[str, list[float]]:
        """Train for one epoch from where `model` is, and bring it to where that ends; see `Distribution.epoch`."""
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        for copied, variable in zip(_state(self.copy), _state(model), strict=True):
            copied.assign(variable.numpy())
        steps = steps_of(len(shown.rows), size, self.strategy.num_replicas_in_sync)
        watched = keras.callbacks.CallbackList(
            list(callbacks), add_progbar=verbose > 0, model=self.copy, verbose=verbose, epochs=1, steps=steps
        )
        watched.on_train_begin()
        watched.on_epoch_begin(0)
        totals = np.zeros(3)
        own: dict[int, Iterator[Any]] = {}

        def part(context: tf.distribute.experimental.ValueContext) -> Any:
            replica, replicas = context.replica_id_in_sync_group, self.strategy.num_replicas_in_sync
            if replica not in own:
                rows = shares(len(shown.rows), size, replicas, replica)
                own[replica] = iter(batches(_taken(shown, rows), size // replicas))
            return next(own[replica])

        for step in range(steps):
            given = self.strategy.experimental_distribute_values_from_function(part)
            totals += np.asarray(self._step(given), np.float64)
            loss, right, count = totals
            watched.on_train_batch_end(step, {"accuracy": right / count, "loss": loss / count})
        found = {"accuracy": totals[1] / totals[2], "loss": totals[0] / totals[2]}
        watched.on_epoch_end(0, found)
        watched.on_train_end(found)
        self._average_statistics()
        for copied, variable in zip(_state(self.copy), _state(model), strict=True):
            variable.assign(copied.numpy())
        key = "class_accuracy" if len(model.outputs) > 1 else "accuracy"
        return {key: [float(found["accuracy"])], "loss": [float(found["loss"])]}

    def _on_all(self, given: Any) -> tf.Tensor:
        """One step; returns the sums of losses and of right answers, and the count, over the whole batch."""
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, self.strategy.run(self._on_one, args=given), axis=None)

    def _on_one(self, images: tf.Tensor, targets: Any) -> tf.Tensor:
        model = self.copy
        with tf.GradientTape() as tape:
            said = model(images, training=True)
            # Under a strategy Keras divides the mean over this part by the number of devices, and adds up gradients.
            loss = model.compute_loss(images, targets, said, training=True)
        weights = model.trainable_weights
        model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        wanted, given = (values["class"] if isinstance(values, dict) else values for values in (targets, said))
        same = keras.metrics.binary_accuracy if given.shape[-1] == 1 else keras.metrics.categorical_accuracy
        count = tf.cast(tf.shape(images)[0], tf.float32)
        whole = count * self.strategy.num_replicas_in_sync
        return tf.stack(
            [tf.cast(loss, tf.float32) * whole, tf.reduce_sum(tf.cast(same(wanted, given), tf.float32)), count]
        )

    def _average_statistics(self) -> None:
        """Give all devices the mean of what each measured on its own parts: the statistics of normalizations."""
        for variable, values in zip(self._statistics, self._mean() if self._statistics else (), strict=True):
            variable.assign(self.strategy.experimental_local_results(values)[0])

    def _mean_statistics(self) -> Any:
        def mean() -> list[tf.Tensor]:
            context = tf.distribute.get_replica_context()
            return [context.all_reduce(tf.distribute.ReduceOp.MEAN, v.value + 0.0) for v in self._statistics]

        return self.strategy.run(mean)


def shares(count: int, size: int, replicas: int, replica: int) -> NDArray[np.int64]:
    """Which of `count` showings, in batches of `size`, one of several devices is shown.

    All get as many, or a step would be another thing on each: what is left over of the last batch, fewer than there
    are devices, is not shown in this epoch.
    """
    parts = []
    for start in range(0, count, size):
        each = min(size, count - start) // replicas
        parts.append(start + replica + replicas * np.arange(each))
    return np.concatenate(parts)


def steps_of(count: int, size: int, replicas: int) -> int:
    """Steps of an epoch: a last batch too small for all devices is none."""
    return count // size + (count % size >= replicas)


def _taken(part: Any, rows: NDArray[np.int64]) -> Any:
    """Some rows of all arrays of what is shown."""
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{field.name: _taken(getattr(part, field.name), rows) for field in fields(part)})
    return None if part is None else part[rows]


def _state(model: keras.Model) -> list[keras.Variable]:
    return [*model.weights, *random_states(model), *model.optimizer.variables]
