"""Distribution: one training run on several devices or machines, each seeing its share of every batch.

TensorFlow's strategies do it. On several machines every process runs the whole of `fit` on a model of its own; only
within an epoch is there a copy of it whose steps are shared. The first process, the chief, alone reads and writes
checkpoints and files, and tells the others what they cannot know: docs/decisions/2026-11-21-several-machines.md.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Literal

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.errors import RecipeError
from braintumor.training.checkpoint import HISTORY, random_states
from braintumor.training.pipeline import Showings
from braintumor.training.shared_epoch import SharedModel

Kind = Literal["none", "mirrored", "multi_worker"]
Batches = Callable[[Showings, int], tf.data.Dataset]
_CLUSTER: Final = "TF_CONFIG"  # where TensorFlow looks for the addresses of all machines, and which one this is


class Distribution:
    """How a run is shared out.

    Parameters
    ----------
    strategy : tf.distribute.Strategy, optional
        None where one device does it all.
    chief : bool
        Whether this process reads and writes files.
    """

    def __init__(self, strategy: tf.distribute.Strategy | None = None, *, chief: bool = True) -> None:
        self.strategy, self.chief = strategy, chief
        self._shared: SharedModel | None = None
        self._tell = tf.function(self._of_the_first)

    def __bool__(self) -> bool:
        return self.strategy is not None

    @property
    def replicas(self) -> int:
        """Devices that share every batch."""
        return int(self.strategy.num_replicas_in_sync) if self.strategy else 1

    def epoch(
        self, model: keras.Model, batches: Batches, shown: Showings, size: int, callbacks: Sequence[Any], verbose: int
    ) -> dict[str, list[float]]:
        """Train a model for one epoch, shared out; gives what `model.fit` would as its history.

        Parameters
        ----------
        batches : callable
            Makes batches of a size from what is shown.
        size : int
            Of a whole batch, of which each device gets its share.

        Raises
        ------
        RecipeError
            The batch cannot be shared evenly.
        """
        assert self.strategy is not None
        if size % self.replicas:
            raise RecipeError(
                f"Batches of {size} cannot be shared evenly by {self.replicas} devices: set fit.batch_size to a "
                f"multiple of {self.replicas}."
            )
        if self._shared is None or self._shared.of is not model.optimizer:
            self._shared = SharedModel(self.strategy, model)
        return self._shared.epoch(model, batches, shown, size, callbacks, verbose if self.chief else 0)

    def known(self, history: pd.DataFrame) -> pd.DataFrame:
        """The chief's history."""
        if not self._several:
            return history
        count = int(self._told(np.array([float(len(history))]))[0])
        if count == 0:
            return history
        own = history[list(HISTORY)].to_numpy(np.float64) if self.chief else np.zeros((count, len(HISTORY)))
        table = pd.DataFrame(self._told(own.ravel()).reshape(own.shape), columns=list(HISTORY))
        return table.astype({"epoch": int})

    def agreed(self, row: Mapping[str, float]) -> dict[str, float]:
        """The chief's numbers of an epoch: by rounding alone, others could come to stop when it goes on."""
        if not self._several:
            return dict(row)
        return dict(zip(row, self._told(np.array(list(row.values()), np.float64)).tolist(), strict=True))

    def same(self, *models: keras.Model | None) -> None:
        """Give models the chief's numbers: weights, and what their optimizers and random layers count on from."""
        for model in models if self._several else ():
            if model is not None:
                variables = _state(model)
                told = self._told(np.concatenate([np.ravel(v.numpy()).astype(np.float64) for v in variables]))
                ends = np.cumsum([int(np.prod(v.shape)) for v in variables])[:-1]
                for variable, values in zip(variables, np.split(told, ends), strict=True):
                    variable.assign(values.reshape(variable.shape).astype(variable.dtype))

    @property
    def _several(self) -> bool:
        return isinstance(self.strategy, tf.distribute.MultiWorkerMirroredStrategy) and self.replicas > 1

    def _told(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the chief has at the place of these numbers; every process must ask, and for as many."""
        assert self.strategy is not None
        told = self._tell(tf.constant(values if self.chief else np.zeros_like(values)))
        return np.asarray(self.strategy.experimental_local_results(told)[0], np.float64)

    def _of_the_first(self, values: tf.Tensor) -> Any:
        """What the first device was given, on every device: a sum to which all others add zeros."""

        def everywhere(given: tf.Tensor) -> tf.Tensor:
            context = tf.distribute.get_replica_context()
            first = context.replica_id_in_sync_group == 0
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.where(first, given, tf.zeros_like(given)))

        assert self.strategy is not None
        return self.strategy.run(everywhere, args=(values,))


def _state(model: keras.Model) -> list[keras.Variable]:
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    return [*model.weights, *random_states(model), *(optimizer.variables if optimizer is not None else ())]


@cache
def distribution(kind: Kind) -> Distribution:
    """The distribution of this process; made once, for several machines before TensorFlow computes anything.

    Raises
    ------
    RecipeError
        `TF_CONFIG` does not say which machines there are.
    """
    if kind == "none":
        return Distribution()
    if kind == "mirrored":
        return Distribution(tf.distribute.MirroredStrategy())
    try:
        said = json.loads(os.environ[_CLUSTER])
        machines, task = said["cluster"], said["task"]
        chief = task["type"] == "chief" or ("chief" not in machines and int(task["index"]) == 0)
    except (KeyError, ValueError, TypeError) as error:
        raise RecipeError(
            f'Several machines share this training, but {_CLUSTER} does not say which. Set it on each to {{"cluster": '
            '{"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, with the index of its own, '
            "and start the same command on all of them; or train with: --distribute none"
        ) from error
    return Distribution(tf.distribute.MultiWorkerMirroredStrategy(), chief=chief)
