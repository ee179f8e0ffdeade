"""Recipe -> Keras model: the architecture named in a recipe is the module of that name in this folder."""

import os
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from braintumor.errors import RecipeError
from braintumor.models.recipe import Recipe


def build_model(recipe: Recipe, precision: str = "float32", *, any_size: bool = False) -> keras.Model:
    """Build the model a recipe names, with random weights.

    Parameters
    ----------
    recipe : Recipe
    precision : str
        Keras dtype policy the layers compute in; weights are float32 either way.
    any_size : bool
        Leave height and width open, for an architecture that allows it.

    Raises
    ------
    RecipeError
        There is no such architecture, or it has no such option.
    """
    module = import_architecture(recipe)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        options = {**recipe.network, **({"any_size": True} if any_size else {})}
        model: keras.Model = module.build(recipe.input.to_input_spec(), recipe.outputs, **options)
    except TypeError as error:
        raise RecipeError(f"{recipe.architecture} cannot be built as `network` asks: {error}.") from error
    finally:
        keras.config.set_dtype_policy(before)
    return model


def import_architecture(recipe: Recipe) -> ModuleType:
    """The module of the architecture a recipe names.

    Raises
    ------
    RecipeError
        There is no such architecture.
    """
    name = f"{__package__}.{recipe.architecture}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        module = ModuleType(name)
    if not hasattr(module, "build"):
        raise RecipeError(f"There is no architecture {recipe.architecture!r} in braintumor/models.")
    return module


def iter_leaf_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Every layer of a network, those of networks nested in it one by one."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from iter_leaf_layers(layer)
        else:
            yield layer
