"""Keras models built from recipes or loaded from files."""

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from braintumor.errors import RecipeError
from braintumor.models import fused_normalization, heads  # noqa: F401  # registers the custom layers
from braintumor.models.recipe import Recipe

_ARCHITECTURES: Final = f"{__package__}.architectures"
_BFLOAT16_FLAGS: Final = {"amx_bf16", "avx512_bf16"}  # of processors that compute with it


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


def choose_precision(recipe: Recipe, processor_file: Path = Path("/proc/cpuinfo")) -> str:
    """Return the Keras dtype policy of a recipe, or "float32" where this machine would only emulate bfloat16.

    A processor without instructions for bfloat16 takes four times as long with it as with float32.

    Parameters
    ----------
    processor_file : Path
        Description of the processors as Linux writes it. Without it, the machine counts as one without bfloat16.
    """
    if recipe.fit.precision == "float32" or tf.config.list_physical_devices("GPU"):
        return recipe.fit.precision
    try:
        flags = set(processor_file.read_text(encoding="utf-8").split())
    except OSError:
        flags = set()
    return recipe.fit.precision if flags & _BFLOAT16_FLAGS else "float32"


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
