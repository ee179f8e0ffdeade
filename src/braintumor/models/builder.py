"""Keras models built from recipes or loaded from files."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from braintumor.errors import RecipeError
from braintumor.models import heads  # noqa: F401  # registers the custom layers
from braintumor.models.recipe import Recipe

_ARCHITECTURES: Final = f"{__package__}.architectures"


def build_model(recipe: Recipe, precision: str = "float32", *, any_size: bool = False) -> keras.Model:
    """Build the network of a recipe with random weights.

    Parameters
    ----------
    recipe : Recipe
    precision : str
        Keras dtype policy of the computations; weights are always float32.
    any_size : bool
        Leave height and width undefined, for architectures that support it.

    Raises
    ------
    RecipeError
        The architecture does not exist or does not accept the options in `network`.
    """
    module = import_architecture(recipe)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        options = {**recipe.network, **({"any_size": True} if any_size else {})}
        model: keras.Model = module.build(recipe.input.to_input_spec(), recipe.outputs, **options)
    except TypeError as error:
        raise RecipeError(f"{recipe.architecture} does not accept the options in `network`: {error}.") from error
    finally:
        keras.config.set_dtype_policy(policy)
    return model


def import_architecture(recipe: Recipe) -> ModuleType:
    """Import the module of the architecture that a recipe names.

    Raises
    ------
    RecipeError
        There is no such architecture.
    """
    name = f"{_ARCHITECTURES}.{recipe.architecture}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise RecipeError(
            f"There is no architecture {recipe.architecture!r} in braintumor/models/architectures."
        ) from None


def iter_leaf_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Iterate over the layers of a network, including those of nested networks."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from iter_leaf_layers(layer)
        else:
            yield layer


def load_keras_model(path: Path, *, with_optimizer: bool = False) -> keras.Model:
    """Load a network from a `.keras` file.

    Parameters
    ----------
    with_optimizer : bool
        Load the optimizer as well, to continue training; otherwise the network only predicts.
    """
    model: keras.Model = keras.models.load_model(path, compile=with_optimizer)
    return model
