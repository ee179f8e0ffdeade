"""Train a version: recipe and data in, `outputs/<version>/model.keras`, its history and the draft of its card out."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from braintumor.enums import Protocol
from braintumor.fileio import write_atomically
from braintumor.inference.registry import MODEL_FILE, SALIENCY_FILE
from braintumor.inference.runs import Run
from braintumor.models.builder import InitialWeights
from braintumor.models.recipe import Recipe, load_recipe
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import remove_stale_results, update_card, write_card_draft
from braintumor.training.data import load_data
from braintumor.training.distillation import AuxiliaryObjectives
from braintumor.training.notebook_plots import draw_architecture
from braintumor.training.trainer import train_with_checkpoints


def train(
    version: str,
    protocol: Protocol = Protocol.GROUP,
    *,
    seed: int | None = None,
    weights: str | None = None,
    restart: bool = False,
    settings: Settings | None = None,
) -> str:
    """Fit the model of a recipe and write it with its history and the draft of its card.

    A killed run goes on from its last finished epoch when started again. What was exported and measured of an earlier
    network in the folder is removed once the new one is there.

    Parameters
    ----------
    version : str
        Name of a recipe.
    protocol : Protocol
        How images are dealt; the two leaky ones write to `outputs/runs/<version>`.
    seed : int, optional
        Another seed than the recipe's; writes to `outputs/runs/<version>`.
    weights : str, optional
        `none`, `imagenet`, or the path of a file with ImageNet weights. Where random weights take the place of
        ImageNet's or the other way round, it writes to `outputs/runs/<version>`.
    restart : bool
        Forget the checkpoint of an earlier run.

    Returns
    -------
    str
        Name of the folder in `outputs/`.
    """
    settings = settings or get_settings()
    recipe = load_recipe(version, settings).for_protocol(protocol)
    if seed is not None:
        recipe = recipe.model_copy(update={"seed": seed})
    if recipe.members:
        return _train_ensemble(version, recipe, protocol, settings)
    start, other = InitialWeights.from_recipe(recipe, weights, settings), None
    if start.kind != recipe.weights:
        recipe, other = recipe.model_copy(update={"weights": start.kind}), start.kind
    data = load_data(recipe, protocol, settings)
    name = Run(version, protocol, recipe.seed, other).name
    folder = settings.outputs / name
    aims = AuxiliaryObjectives.from_recipe(recipe, data, settings)
    served, history = train_with_checkpoints(recipe, data, folder / "work", start, aims, restart=restart)
    served.save(folder / "model.keras")
    remove_stale_results(folder, MODEL_FILE, SALIENCY_FILE)
    draw_architecture(served, folder / "figures" / "architecture.png")
    write_atomically(folder / "history.csv", history.to_csv(index=False, lineterminator="\n"))
    write_card_draft(name, recipe, protocol, data, history, served, settings)
    update_card(name, settings, weights=start.to_dict(), **aims.identity())
    return name


def _train_ensemble(version: str, recipe: Recipe, protocol: Protocol, settings: Settings) -> str:
    """Build an ensemble of runs under the same protocol and seed, which are trained already."""
    from braintumor.training.ensemble import build_ensemble

    members = [Run(member, protocol, recipe.seed) for member in recipe.members]
    runs = {member.name: member.train_command for member in members}
    name = Run(version, protocol, recipe.seed).name
    build_ensemble(name, runs, recipe, protocol, settings)
    return name
