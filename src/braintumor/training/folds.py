"""Recipe of the network that is trained without the sources of one fold."""

from braintumor.errors import RecipeError
from braintumor.inference.model_card import read_card
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings


def fold_recipe(recipe: Recipe, fold: int, settings: Settings) -> Recipe:
    """Return the recipe that holds out the sources of a fold, counted from 1.

    Teachers are left out, because they have learned from the sources that the fold holds out.

    Raises
    ------
    RecipeError
        The recipe has no such fold, or its initial weights have learned from a source that the fold holds out.
    """
    if recipe.folds is None or not 1 <= fold <= len(recipe.folds.sources):
        raise RecipeError(f"The recipe has no fold {fold}. Add a section [folds] with `sources` and `epochs` to it.")
    sources = recipe.folds.sources[fold - 1]
    if recipe.weights not in ("none", "imagenet"):
        _check_initial_weights(recipe.weights, sources, settings)
    fit = recipe.fit.model_copy(update={"epochs": recipe.folds.epochs})
    return recipe.model_copy(update={"holdout_source": sources, "fit": fit, "folds": None, "teachers": None})


def _check_initial_weights(version: str, sources: tuple[str, ...], settings: Settings) -> None:
    if learned := sorted(set(sources) & set(read_card(version, settings).data.licences)):
        raise RecipeError(
            f"The network of {version}, from which the recipe continues, has learned from {', '.join(learned)}, which "
            "cannot be held out then. Set weights to a version of the Kaggle set, imagenet or none."
        )
