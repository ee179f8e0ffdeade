"""Train a version: recipe and data in, `outputs/<version>/model.keras`, its history and the draft of its card out."""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from braintumor.dataset.files import write_atomically
from braintumor.models.build import build
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.augmentation import sample
from braintumor.training.card import write_draft_card
from braintumor.training.checkpoint import HISTORY, Checkpoints
from braintumor.training.data import TrainingData, load_training_data
from braintumor.training.picture import draw_architecture
from braintumor.training.pipeline import plain_batches, training_batches
from braintumor.training.schedule import learning_rate, should_stop
from braintumor.vocabulary import Protocol, Split


def version_name(version: str, protocol: Protocol) -> str:
    """Folder name of a run: the version, and the protocol where it is one of the two for comparison only."""
    return version if protocol is Protocol.GROUP else f"{version}-{protocol}"


def train(
    version: str, protocol: Protocol = Protocol.GROUP, *, restart: bool = False, settings: Settings | None = None
) -> str:
    """Fit the model of a recipe and write it with its history and the draft of its card.

    A killed run goes on from its last finished epoch when started again.

    Parameters
    ----------
    version : str
        Name of a recipe.
    protocol : Protocol
        How images are dealt; the two leaky ones write to `outputs/<version>-<protocol>`.
    restart : bool
        Forget the checkpoint of an earlier run.

    Returns
    -------
    str
        Name of the folder in `outputs/`.
    """
    settings = settings or get_settings()
    recipe = load_recipe(version, settings)
    data = load_training_data(recipe.input.contract(), protocol, settings)
    name = version_name(version, protocol)
    folder = settings.outputs / name
    identity = {"recipe": recipe.model_dump(mode="json"), "data": data.fingerprint(), "keras": keras.__version__}
    checkpoints = Checkpoints(folder / "work", identity, restart=restart)
    history = fit(recipe, data, checkpoints)
    best = checkpoints.load(checkpoints.best(history))
    served = build(recipe)
    served.set_weights(best.get_weights())
    served.save(folder / "model.keras")
    draw_architecture(served, folder / "figures" / "architecture.png")
    write_atomically(folder / "history.csv", history.to_csv(index=False, lineterminator="\n"))
    write_draft_card(name, recipe, protocol, data, history, served, settings)
    return name


def fit(recipe: Recipe, data: TrainingData, checkpoints: Checkpoints) -> pd.DataFrame:
    """Train epoch by epoch until the schedule says stop; returns the history, a row per epoch."""
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()  # without it a busy machine now and then rounds otherwise
    history = checkpoints.history()
    model = checkpoints.load(len(history)) if len(history) else _compiled(recipe)
    train_rows, validation_rows = data.rows(Split.TRAIN), data.rows(Split.VALIDATION)
    frames = tf.constant(data.frames[train_rows])
    validation = plain_batches(
        tf.constant(data.frames[validation_rows]), data.labels[validation_rows], recipe.input.channels, 64
    )
    while not should_stop(history["val_loss"].tolist(), recipe.fit):
        epoch = len(history) + 1
        model.optimizer.learning_rate = learning_rate(history["val_loss"].tolist(), recipe.fit)
        batches = _epoch(recipe, frames, data.labels[train_rows], epoch)
        started = time.perf_counter()
        found = model.fit(
            batches, validation_data=validation, initial_epoch=epoch - 1, epochs=epoch, shuffle=False,
            verbose=1 if sys.stdout.isatty() else 2,
        ).history  # fmt: skip
        row = {key: found[key][-1] for key in ("accuracy", "loss", "val_accuracy", "val_loss")}
        row |= {"epoch": epoch, "learning_rate": float(model.optimizer.learning_rate)}
        row["seconds"] = round(time.perf_counter() - started, 3)
        history = pd.DataFrame([*history.to_dict("records"), row], columns=list(HISTORY)).astype({"epoch": int})
        checkpoints.save(model, history)
    return history


def _compiled(recipe: Recipe) -> keras.Model:
    model = build(recipe, recipe.fit.precision)
    optimizer = keras.optimizers.get(
        {"class_name": recipe.fit.optimizer, "config": {"learning_rate": recipe.fit.learning_rate}}
    )
    model.compile(optimizer, recipe.fit.loss, metrics=["accuracy"], jit_compile=False)
    return model


def _epoch(recipe: Recipe, frames: tf.Tensor, labels: np.ndarray, epoch: int) -> tf.data.Dataset:
    """The batches of one epoch: every pass in an order of its own, all drawn from the seed and the epoch's number."""
    generator = np.random.default_rng([recipe.seed, epoch])
    order = np.concatenate([generator.permutation(len(labels)) for _ in range(recipe.fit.passes)])
    size = recipe.input
    draw = sample(recipe.augmentation, len(order), size.height, size.width, generator)
    return training_batches(frames, labels, order, draw, size.channels, recipe.fit.batch_size)
