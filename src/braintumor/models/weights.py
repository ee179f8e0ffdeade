"""Initial weights: random ones, or those of ImageNet from a local folder or through Keras's own download."""

from importlib import import_module
from pathlib import Path

import keras

from braintumor.errors import RecipeError
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings


def initialize(model: keras.Model, recipe: Recipe, settings: Settings | None = None) -> None:
    """Give a new model the weights its recipe asks for, and freeze those it asks to keep; `none` leaves random ones.

    Raises
    ------
    RecipeError
        The weights are neither in the folder of the settings nor to be downloaded, or the architecture has none, or
        no layer of the name to freeze through.
    """
    if recipe.weights != "none":
        _load(model, recipe, settings or get_settings())
    if recipe.frozen_through:
        _freeze(model, recipe.frozen_through)


def _freeze(model: keras.Model, last: str) -> None:
    names = [layer.name for layer in model.layers]
    if last not in names:
        raise RecipeError(f"There is no layer {last!r} to freeze through. Layers are: {', '.join(names[:60])}.")
    for layer in model.layers[: names.index(last) + 1]:
        layer.trainable = False


def _load(model: keras.Model, recipe: Recipe, settings: Settings) -> None:
    module = import_module(f"{__package__}.{recipe.architecture}")
    if not hasattr(module, "load_imagenet"):
        raise RecipeError(f'{recipe.architecture} has no ImageNet weights. Set weights = "none" in the recipe.')
    file = _found(settings.weights_dir, module.WEIGHTS)
    try:
        module.load_imagenet(model, file)
    except Exception as error:  # Keras raises whatever its download or reader does
        raise RecipeError(
            f"The ImageNet weights of {recipe.architecture} could not be had ({error}). Put {module.WEIGHTS[0]} into a "
            'folder and name it in BRAINTUMOR_WEIGHTS_DIR, or set weights = "none" in the recipe.'
        ) from error


def _found(folder: Path | None, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None) if folder else None
