"""Compilation and the training loop, which saves a checkpoint after every epoch."""

import sys
import time
from pathlib import Path
from typing import Any

import keras
import pandas as pd
import tensorflow as tf

from braintumor.inference.runs import HISTORY_COLUMNS
from braintumor.models.batch_statistics import update_batch_statistics
from braintumor.models.builder import build_model, choose_precision
from braintumor.models.initial_weights import InitialWeights, freeze_up_to, load_initial_weights
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.checkpoint import Checkpoints
from braintumor.training.class_head import refit_class_head
from braintumor.training.distillation import AuxiliaryObjectives
from braintumor.training.ema import WeightAverage
from braintumor.training.frozen_features import FrozenFeatures
from braintumor.training.inputs.data import TrainingData
from braintumor.training.inputs.epoch_batches import ImageBatches
from braintumor.training.losses import MaskLoss, PartialLabelCrossEntropy
from braintumor.training.schedule import frozen_layer_at, next_learning_rate, selected_epoch, should_stop


def train_with_checkpoints(
    recipe: Recipe,
    data: TrainingData,
    work_folder: Path,
    initial_weights: InitialWeights | None = None,
    objectives: AuxiliaryObjectives | None = None,
    *,
    restart: bool = False,
    settings: Settings | None = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Train a model and return it with the weights of the selected epoch, and the history.

    Parameters
    ----------
    work_folder : Path
        Folder of the checkpoints, from which an interrupted training continues.
    """
    initial_weights = initial_weights or InitialWeights.from_recipe(recipe)
    objectives = AuxiliaryObjectives.from_recipe(recipe, data) if objectives is None else objectives
    identity = {
        # What it excludes acts after training.
        "recipe": recipe.model_dump(mode="json", exclude={"folds", "class_head", "max_views"}),
        "data": data.fingerprint(),
        "keras": keras.__version__,
        "weights": initial_weights.to_dict(),
        **objectives.identity(),
    }
    checkpoints = Checkpoints(work_folder, identity, restart=restart)
    features = FrozenFeatures.compute(recipe, data, initial_weights, settings) if recipe.fit.cache_features else None
    history = train_epochs(recipe, data, checkpoints, initial_weights, objectives, features)
    trained = build_model(recipe)
    model, average = checkpoints.load(selected_epoch(history["val_loss"].tolist(), recipe.fit))
    selected = features.complete(model) if features else objectives.strip_outputs(average or model)
    trained.set_weights(selected.get_weights())
    if recipe.class_head:
        refit_class_head(trained, recipe, data)
    return trained, history


def train_epochs(
    recipe: Recipe,
    data: TrainingData,
    checkpoints: Checkpoints,
    initial_weights: InitialWeights,
    objectives: AuxiliaryObjectives,
    features: FrozenFeatures | None = None,
) -> pd.DataFrame:
    """Train epoch by epoch until the schedule stops, and return the history with one row per epoch.

    With `features`, only the layers after the frozen ones are trained and saved in checkpoints.
    """
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()  # without it, rounding can differ between runs on a busy machine
    history = checkpoints.history()
    if len(history):
        model, average = checkpoints.load(len(history))
    elif features:
        model, average = features.head, None
        compile_model(model, recipe)
    else:
        model, average = build_compiled(recipe, initial_weights, objectives)
    validated = objectives.strip_outputs(average or model)
    if objectives:
        compile_model(validated, recipe)
    inputs = features or ImageBatches(recipe, data)
    while not should_stop(history["val_loss"].tolist(), recipe.fit):
        epoch = len(history) + 1
        _update_frozen_layers(model, recipe, objectives, epoch)
        model.optimizer.learning_rate = next_learning_rate(history["val_loss"].tolist(), recipe.fit)
        batches = objectives.add_targets(inputs.training_batches(epoch))
        started = time.perf_counter()
        training_metrics = _fit_epoch(model, average, recipe, batches, epoch)
        if recipe.fit.precise_batch_norm and isinstance(inputs, ImageBatches):
            update_batch_statistics(validated, inputs.unaltered_batches())
        validation_metrics = validated.evaluate(inputs.validation_batches(), verbose=0, return_dict=True)
        row = _history_row(training_metrics, validation_metrics)
        row |= {"epoch": epoch, "learning_rate": float(model.optimizer.learning_rate)}
        row["seconds"] = round(time.perf_counter() - started, 3)
        history = pd.DataFrame([*history.to_dict("records"), row], columns=list(HISTORY_COLUMNS)).astype({"epoch": int})
        checkpoints.save(model, history, average)
    return history


def build_compiled(
    recipe: Recipe, initial_weights: InitialWeights, objectives: AuxiliaryObjectives
) -> tuple[keras.Model, keras.Model | None]:
    """Build and compile the model to train, and a copy for its moving average if the recipe has one."""
    any_size = bool(recipe.fit.progressive_sizes)
    precision = choose_precision(recipe)
    model = build_model(recipe, precision, any_size=any_size)
    average = build_model(recipe, precision, any_size=any_size) if recipe.fit.ema_momentum else None
    load_initial_weights(model, recipe, file=initial_weights.file)
    model, average = objectives.add_outputs(model), average and objectives.add_outputs(average)
    compile_model(model, recipe, objectives)
    if average is not None:
        compile_model(average, recipe, objectives)
        average.set_weights(model.get_weights())
    return model, average


def compile_model(model: keras.Model, recipe: Recipe, objectives: AuxiliaryObjectives | None = None) -> None:
    """Compile a model with the optimizer, losses and metrics of its recipe."""
    config = {"learning_rate": recipe.fit.learning_rate}
    if recipe.fit.weight_decay:
        config["weight_decay"] = recipe.fit.weight_decay
    smoothing = {"label_smoothing": recipe.fit.label_smoothing} if recipe.fit.label_smoothing else {}
    loss: Any = keras.losses.get({"class_name": recipe.fit.loss, "config": smoothing}) if smoothing else recipe.fit.loss
    metrics: Any = ["accuracy"]
    weights = None
    if recipe.mask:
        loss = {"class": PartialLabelCrossEntropy(recipe.fit.label_smoothing), "mask": MaskLoss()}
        metrics, weights = {"class": ["accuracy"]}, {"class": 1.0, "mask": recipe.mask.weight}
        loss, weights = objectives.add_losses(loss, weights) if objectives else (loss, weights)
    optimizer = keras.optimizers.get({"class_name": recipe.fit.optimizer, "config": config})
    model.compile(optimizer, loss, loss_weights=weights, metrics=metrics, jit_compile=False)


def _update_frozen_layers(model: keras.Model, recipe: Recipe, objectives: AuxiliaryObjectives, epoch: int) -> None:
    """Unfreeze layers and compile again, if the recipe unfreezes more of them at this epoch (counted from 1)."""
    if epoch > 1 and frozen_layer_at(epoch - 1, recipe) != frozen_layer_at(epoch - 2, recipe):
        freeze_up_to(model, frozen_layer_at(epoch - 1, recipe))
        compile_model(model, recipe, objectives)  # the unfrozen layers start without optimizer state


def _fit_epoch(
    model: keras.Model, average: keras.Model | None, recipe: Recipe, batches: tf.data.Dataset, epoch: int
) -> dict[str, list[float]]:
    """Train for one epoch and return the training metrics."""
    fitted = model.fit(
        batches,
        initial_epoch=epoch - 1,
        epochs=epoch,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
        callbacks=[WeightAverage(average, recipe.fit.ema_momentum)] if average else [],
    )
    metrics: dict[str, list[float]] = fitted.history
    return metrics


def _history_row(training: dict[str, list[float]], validation: dict[str, float]) -> dict[str, float]:
    """Return the metrics of an epoch by history column; models with a mask report the class accuracy."""
    accuracy = "accuracy" if "accuracy" in training else "class_accuracy"
    return {
        "accuracy": training[accuracy][-1],
        "loss": training["loss"][-1],
        "val_accuracy": validation[accuracy],
        "val_loss": validation["loss"],
    }
