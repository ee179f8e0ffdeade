"""Recipe -> Keras model: the architecture named in a recipe is the module of that name in this folder."""

import os
from importlib import import_module

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from braintumor.errors import RecipeError
from braintumor.models.recipe import Recipe
from braintumor.vocabulary import CLASSES


def build(recipe: Recipe, precision: str = "float32", *, any_size: bool = False) -> keras.Model:
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
        There is no such architecture.
    """
    name = f"{__package__}.{recipe.architecture}"
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise RecipeError(f"There is no architecture {recipe.architecture!r} in braintumor/models.") from None
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        options = {"any_size": True} if any_size else {}
        model: keras.Model = module.build(recipe.input.contract(), len(CLASSES), **options)
    finally:
        keras.config.set_dtype_policy(before)
    return model
