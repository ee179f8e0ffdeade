"""Train a version: recipe and data in, `outputs/<version>/model.keras`, its history and the draft of its card out."""

import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pandas as pd
import tensorflow as tf

from braintumor.dataset.files import write_atomically
from braintumor.models.build import build
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.models.weights import InitialWeights, freeze, initialize
from braintumor.settings import Settings, get_settings
from braintumor.training.aims import Aims
from braintumor.training.averaging import WeightAverage
from braintumor.training.card import update_card, write_draft_card
from braintumor.training.checkpoint import HISTORY, Checkpoints, Unkept
from braintumor.training.data import TrainingData, recipe_data
from braintumor.training.distribution import Kind, distribution
from braintumor.training.epoch import donors_of, showings_of, source_of
from braintumor.training.losses import MaskLoss, SetCrossEntropy
from braintumor.training.picture import draw_architecture
from braintumor.training.pipeline import Showings, Source, plain_batches, training_batches
from braintumor.training.schedule import chosen_epoch, frozen_at, learning_rate, should_stop, side_of
from braintumor.vocabulary import Protocol, Split


def version_name(version: str, protocol: Protocol, seed: int | None = None, weights: str | None = None) -> str:
    """Folder name of a run: the version, and what a run for comparison does otherwise: protocol, weights, seed."""
    named = version if protocol is Protocol.GROUP else f"{version}-{protocol}"
    named = named if weights is None else f"{named}-{weights}"
    return named if seed is None else f"{named}-seed{seed}"


def train(
    version: str,
    protocol: Protocol = Protocol.GROUP,
    *,
    seed: int | None = None,
    weights: str | None = None,
    restart: bool = False,
    distribute: Kind | None = None,
    settings: Settings | None = None,
) -> str:
    """Fit the model of a recipe and write it with its history and the draft of its card.

    A killed run goes on from its last finished epoch when started again.

    Parameters
    ----------
    version : str
        Name of a recipe.
    protocol : Protocol
        How images are dealt; the two leaky ones write to `outputs/<version>-<protocol>`.
    seed : int, optional
        Another seed than the recipe's; writes to `outputs/<version>-seed<seed>`.
    weights : str, optional
        `none`, `imagenet`, or the path of a file with ImageNet weights. Where random weights take the place of
        ImageNet's or the other way round, it writes to `outputs/<version>-<weights>`.
    restart : bool
        Forget the checkpoint of an earlier run.
    distribute : {"none", "mirrored", "multi_worker"}, optional
        Another way of sharing batches out than the recipe's.

    Returns
    -------
    str
        Name of the folder in `outputs/`; empty where this machine only helped another, which writes it.
    """
    settings = settings or get_settings()
    recipe = load_recipe(version, settings)
    if seed is not None:
        recipe = recipe.model_copy(update={"seed": seed})
    if distribute is not None and not recipe.members:
        recipe = recipe.model_copy(update={"fit": recipe.fit.model_copy(update={"distribution": distribute})})
    shared = distribution(recipe.fit.distribution)  # first of all: see there
    if recipe.members:
        return _averaged(version, recipe, protocol, seed, settings)
    start, other = InitialWeights.of(recipe, weights, settings), None
    if start.kind != recipe.weights:
        recipe, other = recipe.model_copy(update={"weights": start.kind}), start.kind
    data = recipe_data(recipe, protocol, settings)
    name = version_name(version, protocol, seed, other)
    folder = settings.outputs / name
    aims = Aims.of(recipe, data, settings)
    served, history = fitted(recipe, data, folder / "work", start, aims, restart=restart)
    if not shared.chief:
        return ""
    served.save(folder / "model.keras")
    draw_architecture(served, folder / "figures" / "architecture.png")
    write_atomically(folder / "history.csv", history.to_csv(index=False, lineterminator="\n"))
    write_draft_card(name, recipe, protocol, data, history, served, settings)
    update_card(name, settings, weights=start.to_dict(), **aims.identity())
    return name


def _averaged(version: str, recipe: Recipe, protocol: Protocol, seed: int | None, settings: Settings) -> str:
    """Build an ensemble of runs under the same protocol and seed, which are trained already."""
    from braintumor.training.ensemble import build_ensemble

    options = "" if protocol is Protocol.GROUP else f" --protocol {protocol}"
    options += "" if seed is None else f" --seed {seed}"
    runs = {version_name(m, protocol, seed): f"braintumor train {m}{options}" for m in recipe.members}
    name = version_name(version, protocol, seed)
    build_ensemble(name, runs, recipe, protocol, settings)
    return name


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
    shared = distribution(recipe.fit.distribution)
    checkpoints = Checkpoints(work, identity, restart=restart) if shared.chief else Unkept()
    history = fit(recipe, data, checkpoints, start, aims)
    served = build(recipe)
    if shared.chief:
        model, average = checkpoints.load(chosen_epoch(history["val_loss"].tolist(), recipe.fit))
        served.set_weights(aims.bare(average or model).get_weights())
    shared.same(served)
    return served, history


def fit(
    recipe: Recipe, data: TrainingData, checkpoints: Checkpoints, start: InitialWeights, aims: Aims
) -> pd.DataFrame:
    """Train epoch by epoch until the schedule says stop; returns the history, a row per epoch."""
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()  # without it a busy machine now and then rounds otherwise
    shared = distribution(recipe.fit.distribution)
    history = shared.known(checkpoints.history())
    known = shared.chief and len(history) > 0
    model, average = checkpoints.load(len(history)) if known else _compiled(recipe, start, aims, len(history))
    shared.same(model, average)
    judged = aims.bare(average or model)
    if aims:
        _compile(judged, recipe)
    training, validation = source_of(recipe, data, Split.TRAIN), source_of(recipe, data, Split.VALIDATION)
    donors = donors_of(data) if recipe.composites else None
    verbose = 1 if sys.stdout.isatty() else 2
    resized = training
    while not should_stop(history["val_loss"].tolist(), recipe.fit):
        epoch = len(history) + 1
        if epoch > 1 and frozen_at(epoch - 1, recipe) != frozen_at(epoch - 2, recipe):
            freeze(model, frozen_at(epoch - 1, recipe))
            _compile(model, recipe, aims)  # what begins to learn has no momentum yet
        model.optimizer.learning_rate = learning_rate(history["val_loss"].tolist(), recipe.fit)
        side = side_of(epoch - 1, recipe.fit, recipe.input.height)
        if resized.frames.shape[1] != side:
            resized = training.resized(side)
        shown = showings_of(recipe, donors, resized, epoch)

        def batches(part: Showings, size: int, source: Source = resized) -> tf.data.Dataset:
            return aims.taught(training_batches(source, part, size))

        started, size = time.perf_counter(), recipe.fit.batch_size
        callbacks = [WeightAverage(average, recipe.fit.averaging)] if average else []
        found = shared.epoch(model, batches, shown, size, callbacks, verbose) if shared else model.fit(
            batches(shown, size), initial_epoch=epoch - 1, epochs=epoch, shuffle=False, verbose=verbose,
            callbacks=callbacks,
        ).history  # fmt: skip
        checked = judged.evaluate(plain_batches(validation, 64), verbose=0, return_dict=True)
        row = _row(found, checked)
        row |= {"epoch": epoch, "learning_rate": float(model.optimizer.learning_rate)}
        row["seconds"] = round(time.perf_counter() - started, 3)
        row = shared.agreed(row)
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


def _compiled(
    recipe: Recipe, start: InitialWeights, aims: Aims, done: int = 0
) -> tuple[keras.Model, keras.Model | None]:
    """The model to train as after so many epochs, but for its numbers, and its moving average where one is kept."""
    made = [build(recipe, recipe.fit.precision, any_size=bool(recipe.fit.sizes)) for _ in range(2)]
    model, average = made[0], made[1] if recipe.fit.averaging else None
    initialize(model, recipe, file=start.file)
    if done:
        freeze(model, frozen_at(done - 1, recipe))
    model, average = aims.extended(model), average and aims.extended(average)
    for one in (model, average):
        if one is not None:
            _compile(one, recipe, aims)
    if average is not None:
        average.set_weights(model.get_weights())
    return model, average


def _compile(model: keras.Model, recipe: Recipe, aims: Aims | None = None) -> None:
    config = {"learning_rate": recipe.fit.learning_rate}
    if recipe.fit.weight_decay:
        config["weight_decay"] = recipe.fit.weight_decay
    smoothing = {"label_smoothing": recipe.fit.label_smoothing} if recipe.fit.label_smoothing else {}
    loss: Any = keras.losses.get({"class_name": recipe.fit.loss, "config": smoothing}) if smoothing else recipe.fit.loss
    metrics: Any = ["accuracy"]
    weights = None
    if recipe.mask:
        loss = {"class": SetCrossEntropy(recipe.fit.label_smoothing), "mask": MaskLoss()}
        metrics, weights = {"class": ["accuracy"]}, {"class": 1.0, "mask": recipe.mask.weight}
        loss, weights = aims.losses(loss, weights) if aims else (loss, weights)
    optimizer = keras.optimizers.get({"class_name": recipe.fit.optimizer, "config": config})
    model.compile(optimizer, loss, loss_weights=weights, metrics=metrics, jit_compile=False)
