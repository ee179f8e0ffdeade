"""Initial weights: random ones, or those of ImageNet from a file, a folder, or through Keras's own download."""

from collections.abc import Iterator
from pathlib import Path

import keras

from braintumor.errors import RecipeError
from braintumor.models.build import architecture
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings


def initialize(
    model: keras.Model, recipe: Recipe, settings: Settings | None = None, *, file: Path | None = None
) -> None:
    """Give a new model the weights its recipe asks for, and freeze those it asks to keep; `none` leaves random ones.

    Parameters
    ----------
    file : Path, optional
        Where the ImageNet weights lie; looked for in the folder of the settings, then downloaded, where not given.

    Raises
    ------
    RecipeError
        The weights are neither there nor to be downloaded, or the architecture has none, or no layer of the name to
        freeze through.
    """
    if recipe.weights != "none":
        _load(model, recipe, file or weights_file(recipe, settings or get_settings()))
    if recipe.frozen_through:
        freeze(model, recipe.frozen_through)


def freeze(model: keras.Model, last: str) -> None:
    """Let all layers learn but those up to the named one, a nested network's own layers counted one by one.

    Raises
    ------
    RecipeError
        There is no layer of that name.
    """
    layers = list(_each(model))
    names = [layer.name for layer in layers]
    if last and last not in names:
        raise RecipeError(f"There is no layer {last!r} to freeze through. Layers are: {', '.join(names[:60])}.")
    kept = names.index(last) + 1 if last else 0
    for number, layer in enumerate(layers):
        layer.trainable = number >= kept


def weights_file(recipe: Recipe, settings: Settings) -> Path | None:
    """The file of the settings' folder with the weights a recipe starts from; None where there is none there."""
    made = architecture(recipe)
    if recipe.weights == "none" or not hasattr(made, "load_imagenet") or settings.weights_dir is None:
        return None
    names = made.weight_files(**recipe.network)
    return next((settings.weights_dir / name for name in names if (settings.weights_dir / name).is_file()), None)


def _each(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _each(layer)
        else:
            yield layer


def _load(model: keras.Model, recipe: Recipe, file: Path | None) -> None:
    made = architecture(recipe)
    if not hasattr(made, "load_imagenet"):
        raise RecipeError(f'{recipe.architecture} has no ImageNet weights. Set weights = "none" in the recipe.')
    try:
        made.load_imagenet(model, file, **recipe.network)
    except Exception as error:  # Keras raises whatever its download or reader does
        name = made.weight_files(**recipe.network)[0]
        raise RecipeError(
            f"The ImageNet weights of {recipe.architecture} could not be had ({error}). Get {name} from Keras's "
            "downloads, and name it with --weights FILE or its folder in BRAINTUMOR_WEIGHTS_DIR; or start from random "
            "weights, which is another experiment, with --weights none."
        ) from error
