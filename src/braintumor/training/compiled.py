"""Compiled: a new network with its initial weights, and the optimizer and losses its recipe asks for."""

from typing import Any

import keras

from braintumor.models.build import build_model
from braintumor.models.recipe import Recipe
from braintumor.models.weights import InitialWeights, load_initial_weights
from braintumor.training.aims import AuxiliaryObjectives
from braintumor.training.losses import MaskLoss, PartialLabelCrossEntropy


def build_compiled(
    recipe: Recipe, initial_weights: InitialWeights, objectives: AuxiliaryObjectives
) -> tuple[keras.Model, keras.Model | None]:
    """The model to train, and its moving average where one is kept."""
    kept = 2 if recipe.fit.averaging else 1
    model, *others = (build_model(recipe, recipe.fit.precision, any_size=bool(recipe.fit.sizes)) for _ in range(kept))
    average = others[0] if others else None
    load_initial_weights(model, recipe, file=initial_weights.file)
    model, average = objectives.add_outputs(model), average and objectives.add_outputs(average)
    for one in (model, average):
        if one is not None:
            compile_model(one, recipe, objectives)
    if average is not None:
        average.set_weights(model.get_weights())
    return model, average


def compile_model(model: keras.Model, recipe: Recipe, objectives: AuxiliaryObjectives | None = None) -> None:
    """Give a network the optimizer, losses and metrics of its recipe."""
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
