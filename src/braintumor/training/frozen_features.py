"""Training on cached outputs of the frozen layers, which would otherwise be computed again in every epoch.

With `fit.cache_features`, the outputs of all layers up to the first trained one are computed once for the validation
images and for `fit.cached_copies` augmented copies of each training image. They are stored as float16 in the cache
folder; the remaining layers are trained on them. Copy c is augmented exactly as in epoch c of a training without cache;
epoch e uses copy 1 + (e - 1) mod `cached_copies`, in an order of its own.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tqdm import tqdm

from braintumor.enums import Split
from braintumor.errors import RecipeError
from braintumor.models.builder import build_model, choose_precision
from braintumor.models.initial_weights import InitialWeights, load_initial_weights
from braintumor.models.recipe import Recipe
from braintumor.models.split_network import split_after_frozen_layers
from braintumor.settings import Settings, get_settings
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.input_pipeline import (
    SplitTensors,
    evaluation_batches,
    plan_epoch,
    prefetch_untuned,
    split_tensors,
    training_batches,
)

_BATCH_SIZE: Final = 32  # images whose outputs are computed and written at a time


@dataclass(frozen=True, slots=True)
class FrozenFeatures:
    """Outputs of the frozen layers for the training and validation images, and the layers to train on them.

    Attributes
    ----------
    network : Model
        The whole network with its initial weights, which it shares with `head`.
    head : Model
        The layers after the frozen ones.
    copies : tuple of ndarray of float16, each of shape (training images, ...)
        Outputs for each augmented copy, memory-mapped.
    validation : ndarray of float16, shape (validation images, ...)
    """

    recipe: Recipe
    network: keras.Model
    head: keras.Model
    copies: tuple[NDArray[np.float16], ...]
    validation: NDArray[np.float16]
    training_tensors: SplitTensors
    validation_tensors: SplitTensors

    @classmethod
    def compute(
        cls, recipe: Recipe, data: TrainingData, initial_weights: InitialWeights, settings: Settings | None = None
    ) -> Self:
        """Compute the outputs of the frozen layers, or load them from the cache; an interrupted call is continued.

        Raises
        ------
        RecipeError
            The recipe cannot be trained on cached outputs; the message says why.
        """
        _check_recipe(recipe)
        keras.utils.set_random_seed(recipe.seed)
        tf.config.experimental.enable_op_determinism()
        network = build_model(recipe, choose_precision(recipe))
        load_initial_weights(network, recipe, file=initial_weights.file)
        base, head = split_after_frozen_layers(network)
        training, validation = (split_tensors(recipe, data, split) for split in (Split.TRAIN, Split.VALIDATION))
        folder = (settings or get_settings()).cache_folder
        copies = []
        for epoch in range(1, recipe.fit.cached_copies + 1):
            plan = plan_epoch(recipe, None, training, epoch)
            path = _cache_path(folder, base, recipe, training, epoch)
            copies.append(_load_or_compute(path, base, training_batches(training, plan, _BATCH_SIZE), plan.indices))
        path, rows = _cache_path(folder, base, recipe, validation), np.arange(len(validation.labels))
        outputs = _load_or_compute(path, base, evaluation_batches(validation, _BATCH_SIZE), rows)
        return cls(recipe, network, head, tuple(copies), outputs, training, validation)

    def training_batches(self, epoch: int) -> tf.data.Dataset:
        """Return the batches of an epoch, counted from 1: outputs as float32, and targets."""
        rows = plan_epoch(self.recipe, None, self.training_tensors, epoch).indices
        outputs = self.copies[(epoch - 1) % len(self.copies)]
        return _make_batches(outputs, self.training_tensors.targets, rows, self.recipe.fit.batch_size)

    def validation_batches(self) -> tf.data.Dataset:
        """Return batches of the unchanged validation images: outputs as float32, and targets."""
        rows = np.arange(len(self.validation))
        return _make_batches(self.validation, self.validation_tensors.targets, rows, 64)

    def complete(self, head: keras.Model) -> keras.Model:
        """Return the whole network with the weights of a trained head."""
        self.head.set_weights(head.get_weights())
        return self.network


def _check_recipe(recipe: Recipe) -> None:
    fit = recipe.fit
    if not recipe.freeze_until:
        raise RecipeError("cache_features needs frozen layers. Set freeze_until in the recipe to the last of them.")
    conflicts = {
        "[mask]": recipe.mask,
        "[copy_paste]": recipe.copy_paste,
        "unfreeze": recipe.unfreeze,
        "progressive_sizes": fit.progressive_sizes,
        "ema_momentum": fit.ema_momentum,
        "precise_batch_norm": fit.precise_batch_norm,
        "repeats_per_epoch": fit.repeats_per_epoch > 1,
    }
    named = [name for name, is_used in conflicts.items() if is_used]
    if named:
        raise RecipeError(
            f"cache_features cannot be combined with {', '.join(named)}. Remove that from the recipe, or set "
            "cache_features = false."
        )


def _cache_path(folder: Path, base: keras.Model, recipe: Recipe, tensors: SplitTensors, epoch: int = 0) -> Path:
    """Return the cache file for images augmented as in an epoch, or unchanged in epoch 0.

    Its name is a hash of everything that decides the outputs.
    """
    parts: list[Any] = [keras.__version__, recipe.architecture, recipe.freeze_until, choose_precision(recipe)]
    parts += [base.output_shape, recipe.input.model_dump()]
    if epoch:
        parts += [recipe.model_dump(mode="json", include={"seed", "augmentation", "intensity"}), epoch]
    content = hashlib.sha256(json.dumps(parts).encode())
    for values in (*base.get_weights(), tensors.model_inputs.numpy()):
        content.update(np.ascontiguousarray(values).data)
    return folder / f"features-{content.hexdigest()[:16]}.npy"


def _load_or_compute(
    path: Path, base: keras.Model, batches: tf.data.Dataset, rows: NDArray[np.int64]
) -> NDArray[np.float16]:
    """Compute the outputs batch by batch and write each to its rows of an array on disk, one row per image.

    A file next to the array has a line for each finished batch, after which an interrupted computation continues.
    """
    batch_log = path.with_suffix(".done")
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        shape = (len(rows), *base.output_shape[1:])
        np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape).flush()
        batch_log.write_text("")
    finished = len(batch_log.read_text().split()) if batch_log.is_file() else 0
    starts = range(finished * _BATCH_SIZE, len(rows), _BATCH_SIZE)
    array = np.lib.format.open_memmap(path, mode="r+")
    with (
        batch_log.open("a") as log,
        tqdm(total=len(starts), desc="frozen layers", unit="batch", disable=None) as progress,
    ):
        for start, (images, _) in zip(starts, batches.skip(finished), strict=True):
            outputs = base.predict_on_batch(images)  # batch normalization uses its stored statistics
            array[rows[start : start + len(outputs)]] = _to_float16(outputs, base)
            array.flush()
            log.write(f"{start}\n")
            log.flush()
            progress.update()
    return np.asarray(np.load(path, mmap_mode="r"))


def _to_float16(outputs: NDArray[Any], base: keras.Model) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        halves = np.asarray(outputs).astype(np.float16)
    if not np.isfinite(halves).all():
        raise RecipeError(
            f"cache_features cannot store the outputs of {base.layers[-1].name}: some are beyond the range of float16 "
            "(65,504). Freeze up to another layer, or set cache_features = false."
        )
    return halves


def _make_batches(
    outputs: NDArray[np.float16], targets: NDArray[np.float32], rows: NDArray[np.int64], batch_size: int
) -> tf.data.Dataset:
    all_targets = tf.constant(targets)

    def read(batch_rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return outputs[batch_rows].astype(np.float32)

    def make_batch(batch_rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        values = tf.numpy_function(read, [batch_rows], tf.float32, stateful=False)
        values.set_shape((None, *outputs.shape[1:]))
        return values, tf.gather(all_targets, batch_rows)

    dataset = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size)
    return prefetch_untuned(dataset.map(make_batch, num_parallel_calls=2, deterministic=True), 4)
