"""Initial weights of a network: random, from ImageNet or of another version, and the layers that stay frozen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import keras

from braintumor.errors import RecipeError
from braintumor.fileio import sha256_file
from braintumor.inference.model_card import KERAS_FILE
from braintumor.models.builder import import_architecture, iter_leaf_layers, load_keras_model
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class InitialWeights:
    """Weights a training starts from.

    Attributes
    ----------
    kind : str
        `none` for random weights, `imagenet`, or the version whose network is trained further.
    file : Path or None
        File with the weights; without one, those of ImageNet are downloaded through Keras.
    """

    kind: str
    file: Path | None = None

    @classmethod
    def from_recipe(cls, recipe: Recipe, override: str | None = None, settings: Settings | None = None) -> Self:
        """Choose the weights named on the command line (`none`, `imagenet` or a path), or those of the recipe.

        Raises
        ------
        RecipeError
            The file, or the model of the version, does not exist.
        """
        kind, settings = override or recipe.weights, settings or get_settings()
        if kind == "none":
            return cls("none")
        if kind == recipe.weights != "imagenet":
            return cls(kind, _find_version_file(kind, settings))
        if kind != "imagenet":
            if not Path(kind).is_file():
                raise RecipeError(f"There are no weights at {kind}. Give a file, imagenet or none.")
            return cls("imagenet", Path(kind))
        return cls("imagenet", find_weights_file(recipe, settings))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the model card: kind, file name and hash."""
        if self.file is None:
            return {"initial": self.kind}
        return {"initial": self.kind, "file": self.file.name, "sha256": sha256_file(self.file)}


def load_initial_weights(
    model: keras.Model, recipe: Recipe, settings: Settings | None = None, *, file: Path | None = None
) -> None:
    """Load the initial weights of a recipe into a new model and freeze its first layers.

    Parameters
    ----------
    file : Path, optional
        File of `InitialWeights`. That of ImageNet is by default searched in `settings.weights_dir`, then downloaded.

    Raises
    ------
    RecipeError
        The weights cannot be found or downloaded, the architecture has none, they are of another network, or the layer
        to freeze does not exist.
    """
    if recipe.weights not in ("none", "imagenet"):
        _load_version(model, recipe, file or _find_version_file(recipe.weights, settings or get_settings()))
    elif recipe.weights != "none":
        _load_imagenet_weights(model, recipe, file or find_weights_file(recipe, settings or get_settings()))
    if recipe.freeze_until:
        freeze_up_to(model, recipe.freeze_until)


def _load_version(model: keras.Model, recipe: Recipe, file: Path) -> None:
    """Load the weights of a trained network; those of a class layer that will be refitted stay random."""
    source = load_keras_model(file)
    layers, sources = ([layer for layer in iter_leaf_layers(each) if layer.weights] for each in (model, source))
    try:
        for layer, trained in zip(layers, sources, strict=True):
            if not (recipe.class_head and layer.name == "class"):
                layer.set_weights(trained.get_weights())
    except ValueError as error:
        raise RecipeError(
            f"The network of {recipe.weights} is not that of this recipe, which cannot continue from it: give both the "
            "same architecture, or set weights to another version, imagenet or none."
        ) from error


def freeze_up_to(model: keras.Model, last_layer: str) -> None:
    """Freeze all layers up to the named one and make the others trainable; an empty name freezes none.

    The name of a nested network means its last layer.

    Raises
    ------
    RecipeError
        There is no layer of that name.
    """
    layers = list(iter_leaf_layers(model))
    positions = {layer.name: position for position, layer in enumerate(layers)}
    for nested in model.layers:
        if isinstance(nested, keras.Model):
            positions[nested.name] = layers.index(list(iter_leaf_layers(nested))[-1])
    if last_layer and last_layer not in positions:
        names = ", ".join([*positions][:60])
        raise RecipeError(f"There is no layer {last_layer!r} to freeze up to. Layers are: {names}.")
    for position, layer in enumerate(layers):
        layer.trainable = not last_layer or position > positions[last_layer]


def find_weights_file(recipe: Recipe, settings: Settings) -> Path | None:
    """Find the ImageNet weights of a recipe in `settings.weights_dir`; None if they are not there."""
    architecture = import_architecture(recipe)
    if not hasattr(architecture, "load_imagenet") or settings.weights_dir is None:
        return None
    paths = [settings.weights_dir / name for name in architecture.weight_files(**recipe.network)]
    return next((path for path in paths if path.is_file()), None)


def _find_version_file(version: str, settings: Settings) -> Path:
    file = settings.outputs / version / KERAS_FILE
    if not file.is_file():
        raise RecipeError(f"{version} has no {KERAS_FILE} to continue from. Train it first: braintumor train {version}")
    return file


def _load_imagenet_weights(model: keras.Model, recipe: Recipe, file: Path | None) -> None:
    architecture = import_architecture(recipe)
    if not hasattr(architecture, "load_imagenet"):
        raise RecipeError(f'{recipe.architecture} has no ImageNet weights. Set weights = "none" in the recipe.')
    try:
        architecture.load_imagenet(model, file, **recipe.network)
    except Exception as error:  # Keras's download and readers raise many types
        backbone = recipe.network.get("backbone", recipe.architecture)
        name = architecture.weight_files(**recipe.network)[0]
        source = getattr(architecture, "WEIGHTS_SOURCE", "the Keras applications")
        raise RecipeError(
            f"Cannot load the ImageNet weights of {backbone} ({error}). Download {name} from {source} "
            "and give it with --weights FILE, or its folder in BRAINTUMOR_WEIGHTS_DIR. To train from random weights "
            "instead, which is another experiment, use --weights none."
        ) from error
