"""Training of a version: from its recipe to `model.keras`, `history.csv` and a draft of `card.json` in `outputs/`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from braintumor.enums import Protocol
from braintumor.fileio import write_atomically
from braintumor.inference.model_card import KERAS_FILE, MODEL_FILE, SALIENCY_FILE, update_card
from braintumor.inference.runs import HISTORY_FILE, Run
from braintumor.models.architecture_plot import draw_architecture
from braintumor.models.initial_weights import InitialWeights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import remove_stale_results, write_card_draft
from braintumor.training.distillation import AuxiliaryObjectives
from braintumor.training.folds import fold_recipe
from braintumor.training.inputs.load import load_data
from braintumor.training.trainer import train_with_checkpoints


def train(
    version: str,
    protocol: Protocol = Protocol.GROUP,
    *,
    seed: int | None = None,
    weights: str | None = None,
    fold: int | None = None,
    restart: bool = False,
    settings: Settings | None = None,
) -> str:
    """Train the model of a recipe and write it with its history and a draft of its card.

    An interrupted training continues from its last finished epoch. Exports and results of an earlier model in the same
    folder are removed once the new model is written.

    Parameters
    ----------
    version : str
        Name of a recipe.
    protocol : Protocol
        How images are split; protocols other than `group` write to `outputs/runs/<version>`.
    seed : int, optional
        Seed instead of the recipe's; writes to `outputs/runs/<version>`.
    weights : str, optional
        `none`, `imagenet`, or the path of a file with ImageNet weights. If they differ in kind from the recipe's
        weights, the run is written to `outputs/runs/<version>`.
    fold : int, optional
        Fold of the recipe to hold out, counted from 1; writes to `outputs/runs/<version>`.
    restart : bool
        Start again instead of continuing an interrupted training.

    Returns
    -------
    str
        Name of the folder in `outputs/`.
    """
    settings = settings or get_settings()
    recipe = load_recipe(version, settings)
    if seed is not None:
        recipe = recipe.model_copy(update={"seed": seed})
    if fold is not None:
        recipe = fold_recipe(recipe, fold, settings)
    if recipe.members:
        return _train_ensemble(version, recipe, protocol, settings)
    initial_weights, other_weights = InitialWeights.from_recipe(recipe, weights, settings), None
    if initial_weights.kind != recipe.weights:
        other_weights = initial_weights.kind
        recipe = recipe.model_copy(update={"weights": other_weights})
    data = load_data(recipe, protocol, settings)
    name = Run(version, protocol, recipe.seed, other_weights, fold).name
    folder = settings.outputs / name
    objectives = AuxiliaryObjectives.from_recipe(recipe, data, settings, protocol)
    model, history = train_with_checkpoints(
        recipe, data, folder / "work", initial_weights, objectives, restart=restart, settings=settings
    )
    model.save(folder / KERAS_FILE)
    remove_stale_results(folder, MODEL_FILE, SALIENCY_FILE)
    draw_architecture(model, folder / "figures" / "architecture.png")
    write_atomically(folder / HISTORY_FILE, history.to_csv(index=False, lineterminator="\n"))
    write_card_draft(name, recipe, protocol, data, history, model, settings)
    update_card(name, settings, weights=initial_weights.to_dict(), **objectives.identity())
    return name


def _train_ensemble(version: str, recipe: Recipe, protocol: Protocol, settings: Settings) -> str:
    """Build an ensemble of runs that were trained with the same protocol and seed."""
    from braintumor.training.ensemble import build_ensemble

    members = [Run(member, protocol, recipe.seed) for member in recipe.members]
    commands = {member.name: member.train_command for member in members}
    name = Run(version, protocol, recipe.seed).name
    build_ensemble(name, commands, recipe, protocol, settings)
    return name
