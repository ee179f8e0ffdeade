"""Initial weights: random ones, or those of ImageNet from a file, a folder, or through Keras's own download."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Self

import keras

from braintumor.errors import RecipeError
from braintumor.fileio import sha256_file
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class InitialWeights:
    """What a training starts from.

    Attributes
    ----------
    kind : str
        `none` for random weights, or `imagenet`.
    file : Path or None
        Where ImageNet's lie; None downloads them through Keras.
    """

    kind: str
    file: Path | None = None

    @classmethod
    def from_recipe(cls, recipe: Recipe, override: str | None = None, settings: Settings | None = None) -> Self:
        """As asked for on the command line (`none`, `imagenet` or a path), else as the recipe says.

        Raises
        ------
        RecipeError
            There is no such file.
        """
        kind = override or recipe.weights
        if kind == "none":
            return cls("none")
        if kind != "imagenet":
            if not Path(kind).is_file():
                raise RecipeError(f"There are no weights at {kind}. Give a file, imagenet or none.")
            return cls("imagenet", Path(kind))
        return cls("imagenet", find_weights_file(recipe, settings or get_settings()))

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for a card: which they were, by name and hash, not where they lay."""
        if self.file is None:
            return {"initial": self.kind}
        return {"initial": self.kind, "file": self.file.name, "sha256": sha256_file(self.file)}


def load_initial_weights(
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
        _load_imagenet_weights(model, recipe, file or find_weights_file(recipe, settings or get_settings()))
    if recipe.frozen_through:
        freeze_up_to(model, recipe.frozen_through)


def freeze_up_to(model: keras.Model, last_layer: str) -> None:
    """Let all layers learn but those up to the named one; the name of a nested network stands for its last layer.

    Raises
    ------
    RecipeError
        There is no layer of that name.
    """
    layers = list(iter_leaf_layers(model))
    ends = {layer.name: number for number, layer in enumerate(layers)}
    for nested in model.layers:
        if isinstance(nested, keras.Model):
            ends[nested.name] = layers.index(list(iter_leaf_layers(nested))[-1])
    if last_layer and last_layer not in ends:
        raise RecipeError(f"There is no layer {last_layer!r} to freeze through. Layers are: {', '.join([*ends][:60])}.")
    for number, layer in enumerate(layers):
        layer.trainable = not last_layer or number > ends[last_layer]


def find_weights_file(recipe: Recipe, settings: Settings) -> Path | None:
    """The file of the settings' folder with the weights a recipe starts from; None where there is none there."""
    made = import_architecture(recipe)
    if not hasattr(made, "load_imagenet") or settings.weights_dir is None:
        return None
    names = made.weight_files(**recipe.network)
    return next((settings.weights_dir / name for name in names if (settings.weights_dir / name).is_file()), None)


def _load_imagenet_weights(model: keras.Model, recipe: Recipe, file: Path | None) -> None:
    made = import_architecture(recipe)
    if not hasattr(made, "load_imagenet"):
        raise RecipeError(f'{recipe.architecture} has no ImageNet weights. Set weights = "none" in the recipe.')
    try:
        made.load_imagenet(model, file, **recipe.network)
    except Exception as error:  # Keras raises whatever its download or reader does
        base, name = recipe.network.get("base", recipe.architecture), made.weight_files(**recipe.network)[0]
        raise RecipeError(
            f"The ImageNet weights of {base} could not be had ({error}). Get {name} from Keras's downloads, and name "
            "it with --weights FILE or its folder in BRAINTUMOR_WEIGHTS_DIR; or start from random weights, which is "
            "another experiment, with --weights none."
        ) from error


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


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


def load_keras_model(path: Path, *, with_optimizer: bool = False) -> keras.Model:
    """A network from its file.

    Parameters
    ----------
    with_optimizer : bool
        As it was compiled, to train on; else to look and to answer only.
    """
    model: keras.Model = keras.models.load_model(path, compile=with_optimizer)
    return model
