"""Fit: epoch by epoch, from checkpoint to checkpoint, to the network with the weights its schedule keeps."""

import sys
import time
from pathlib import Path

import keras
import pandas as pd
import tensorflow as tf

from braintumor.models.build import build
from braintumor.models.recipe import Recipe
from braintumor.models.weights import InitialWeights, freeze
from braintumor.training.aims import Aims
from braintumor.training.averaging import WeightAverage
from braintumor.training.checkpoint import HISTORY, Checkpoints
from braintumor.training.compiled import compile_for, compiled
from braintumor.training.data import TrainingData
from braintumor.training.epoch import donors_of, showings_of, source_of
from braintumor.training.pipeline import plain_batches, training_batches
from braintumor.training.schedule import chosen_epoch, frozen_at, learning_rate, should_stop, side_of
from braintumor.vocabulary import Split


def fitted(
    recipe: Recipe, data: TrainingData, work: Path, start: InitialWeights | None = None, aims: Aims | None = None, *,
    restart: bool = False,
) -> tuple[keras.Model, pd.DataFrame]:  # fmt: skip
    """The network with the weights its schedule keeps, and the history; checkpoints lie in `work`."""
    start = start or InitialWeights.of(recipe)
    aims = Aims.of(recipe, data) if aims is None else aims
    identity = {
        "recipe": recipe.model_dump(mode="json"), "data": data.fingerprint(), "keras": keras.__version__,
        "weights": start.to_dict(), **aims.identity(),
    }  # fmt: skip
    checkpoints = Checkpoints(work, identity, restart=restart)
    history = fit(recipe, data, checkpoints, start, aims)
    served = build(recipe)
    model, average = checkpoints.load(chosen_epoch(history["val_loss"].tolist(), recipe.fit))
    served.set_weights(aims.bare(average or model).get_weights())
    return served, history


def fit(
    recipe: Recipe, data: TrainingData, checkpoints: Checkpoints, start: InitialWeights, aims: Aims
) -> pd.DataFrame:
    """Train epoch by epoch until the schedule says stop; returns the history, a row per epoch."""
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()  # without it a busy machine now and then rounds otherwise
    history = checkpoints.history()
    model, average = checkpoints.load(len(history)) if len(history) else compiled(recipe, start, aims)
    judged = aims.bare(average or model)
    if aims:
        compile_for(judged, recipe)
    training, validation = source_of(recipe, data, Split.TRAIN), source_of(recipe, data, Split.VALIDATION)
    donors = donors_of(data) if recipe.composites else None
    verbose = 1 if sys.stdout.isatty() else 2
    resized = training
    while not should_stop(history["val_loss"].tolist(), recipe.fit):
        epoch = len(history) + 1
        if epoch > 1 and frozen_at(epoch - 1, recipe) != frozen_at(epoch - 2, recipe):
            freeze(model, frozen_at(epoch - 1, recipe))
            compile_for(model, recipe, aims)  # what begins to learn has no momentum yet
        model.optimizer.learning_rate = learning_rate(history["val_loss"].tolist(), recipe.fit)
        side = side_of(epoch - 1, recipe.fit, recipe.input.height)
        if resized.frames.shape[1] != side:
            resized = training.resized(side)
        shown = showings_of(recipe, donors, resized, epoch)
        started = time.perf_counter()
        trained = model.fit(
            aims.taught(training_batches(resized, shown, recipe.fit.batch_size)), initial_epoch=epoch - 1, epochs=epoch,
            shuffle=False, verbose=verbose,
            callbacks=[WeightAverage(average, recipe.fit.averaging)] if average else [],
        )  # fmt: skip
        checked = judged.evaluate(plain_batches(validation, 64), verbose=0, return_dict=True)
        row = _row(trained.history, checked)
        row |= {"epoch": epoch, "learning_rate": float(model.optimizer.learning_rate)}
        row["seconds"] = round(time.perf_counter() - started, 3)
        history = pd.DataFrame([*history.to_dict("records"), row], columns=list(HISTORY)).astype({"epoch": int})
        checkpoints.save(model, history, average)
    return history


def _row(found: dict[str, list[float]], checked: dict[str, float]) -> dict[str, float]:
    """The numbers of an epoch by the history's own names; a network with two answers is judged by its class."""
    accuracy = "accuracy" if "accuracy" in found else "class_accuracy"
    return {
        "accuracy": found[accuracy][-1], "loss": found["loss"][-1],
        "val_accuracy": checked[accuracy], "val_loss": checked["loss"],
    }  # fmt: skip
