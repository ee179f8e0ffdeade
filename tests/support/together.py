"""What each machine runs in the tests of shared training: python -m tests.support.together FOLDER alone|worker.

Two as `worker`, with `TF_CONFIG` saying which, train together; one as `alone` trains the same by itself, and shared by
two devices of its own. Each writes the weights it ends with into the folder.
"""

import contextlib
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from braintumor.imaging import InputContract
from braintumor.models.recipe import Recipe
from braintumor.models.recipe_parts import AugmentationRecipe, FitRecipe, InputRecipe, MaskRecipe
from braintumor.training.augmentation import sample
from braintumor.training.checkpoint import Checkpoints, Unkept
from braintumor.training.distribution import Distribution, distribution
from braintumor.training.fit import fitted
from braintumor.training.pipeline import Showings, Source, training_batches
from tests.support.training import phantom_data

SIDE, BATCH, EPOCHS = 32, 8, 2
CONTRACT = InputContract(height=SIDE, width=SIDE, channels=1)


def plain() -> keras.Model:
    """A network with nothing drawn and no statistics, so that sharing changes only what is rounded."""
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            keras.layers.Conv2D(4, 5, strides=4, activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.AdamW(1e-2, weight_decay=0.02)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return model


def trained(how: Distribution, count: int = 92) -> tuple[list[np.ndarray], list[float]]:
    """Weights and losses of two epochs; the last batch is half full."""
    data = phantom_data(CONTRACT)
    source = Source(tf.constant(data.frames), data.labels, 1)
    model, losses = plain(), []
    for epoch in range(2):
        generator = np.random.default_rng(epoch)
        moves = sample(AugmentationRecipe(rotation=10.0, shift=0.1), count, SIDE, SIDE, generator)
        shown = Showings(generator.permutation(len(data.labels))[:count], moves)

        def batches(part: Showings, size: int) -> tf.data.Dataset:
            return training_batches(source, part, size)

        found = how.epoch(model, batches, shown, BATCH, [], 0) if how else model.fit(
            batches(shown, BATCH), shuffle=False, verbose=0
        ).history  # fmt: skip
        losses += [found["loss"][-1], found["accuracy"][-1]]
    return model.get_weights(), losses


def pair(contract: InputContract, outputs: int, **_: object) -> keras.Model:
    """The smallest network with a class and a mask, a normalization and dropout."""
    image = keras.Input((contract.height, contract.width, contract.channels), name="image")
    values = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 5, strides=4, padding="same")(image))
    values = keras.layers.ReLU()(values)
    mask = keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", dtype="float32", name="mask")(values)
    pooled = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(values))
    answer = keras.layers.Dense(outputs, activation="softmax", dtype="float32", name="class")(pooled)
    return keras.Model(image, {"class": answer, "mask": mask}, name="pair")


def recipe() -> Recipe:
    """Class and mask, with a moving average, a normalization and dropout."""
    architecture = types.ModuleType("braintumor.models.pair")
    architecture.build = pair  # type: ignore[attr-defined]
    sys.modules[architecture.__name__] = architecture
    return Recipe(
        title="Together", architecture="pair", seed=2, mask=MaskRecipe(),
        input=InputRecipe(height=SIDE, width=SIDE, channels=1),
        fit=FitRecipe(
            optimizer="adamw", learning_rate=1e-3, epochs=EPOCHS, batch_size=BATCH, averaging=0.9, schedule="one_cycle",
            distribution="multi_worker",
        ),
    )  # fmt: skip


class Stopped(Exception):  # noqa: N818
    """Stands for whatever ends a run."""


def interrupted(work: Path) -> tuple[keras.Model, pd.DataFrame]:
    """A run that is stopped on all machines after its first epoch, and started again."""
    keep = Checkpoints.save, Unkept.save

    def stop(self: Checkpoints, model: keras.Model, history: pd.DataFrame, average: keras.Model | None = None) -> None:
        keep[isinstance(self, Unkept)](self, model, history, average)
        raise Stopped

    Checkpoints.save, Unkept.save = stop, stop  # type: ignore[method-assign]
    with contextlib.suppress(Stopped):
        fitted(recipe(), phantom_data(CONTRACT), work)
    Checkpoints.save, Unkept.save = keep  # type: ignore[method-assign]
    return fitted(recipe(), phantom_data(CONTRACT), work)


def main(folder: Path, role: str) -> None:
    """Train, and write the weights."""
    found = {}
    if role == "alone":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        tf.config.experimental.enable_op_determinism()
        found["alone"] = trained(Distribution())
        found["mirrored"] = trained(Distribution(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])))
    else:
        how = distribution("multi_worker")
        tf.config.experimental.enable_op_determinism()
        role = f"{role}-{'chief' if how.chief else 'other'}"
        found["together"] = trained(how)
        work = folder / ("work" if how.chief else "of-no-use")
        for name, (model, history) in {
            "whole": fitted(recipe(), phantom_data(CONTRACT), work),
            "stopped": interrupted(work.with_name(f"{work.name}-stopped")),
        }.items():
            found[name] = model.get_weights(), history[["loss", "accuracy", "val_loss"]].to_numpy().ravel().tolist()
    for name, (weights, losses) in found.items():
        values = np.concatenate([w.ravel() for w in weights])
        np.savez(folder / f"{role}-{name}.npz", weights=values, losses=np.array(losses))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
