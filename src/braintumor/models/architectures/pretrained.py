"""A base fitted to ImageNet under a head of its own: VGG16, Xception, MobileNet and others, as the recipe says."""

from pathlib import Path
from typing import Any, Literal

import keras
from keras import layers

from braintumor.errors import RecipeError
from braintumor.imaging import InputSpec
from braintumor.models.backbones import BACKBONES, Backbone
from braintumor.models.heads import classification_head

BACKBONE_LAYER = "base"  # name of the nested network


def build(
    input_spec: InputSpec,
    outputs: int,
    *,
    base: str,
    join: Literal["flatten", "average"] = "average",
    hidden: int = 0,
    dropout: float = 0.0,
) -> keras.Sequential:
    """The base's own preparation of pictures, the base with random weights, and a head.

    Parameters
    ----------
    base : str
        One of `BASES`.
    join : str
        How its last cells become one vector: all of them in a row, or their average.
    hidden : int
        Units of a hidden layer with ReLU; none where zero.
    dropout : float
        Share of the vector before the answer that is dropped in training.
    """
    chosen = get_backbone(base)
    steps = [
        keras.Input((input_spec.height, input_spec.width, input_spec.channels), name="image"),
        layers.Rescaling(chosen.scale, chosen.offset, name="prepare"),
        _build_backbone(chosen, (input_spec.height, input_spec.width, input_spec.channels), None),
        layers.Flatten(name="flatten") if join == "flatten" else layers.GlobalAveragePooling2D(name="average"),
    ]
    if hidden:
        steps.append(layers.Dense(hidden, activation="relu", name="hidden"))
    if dropout:
        steps.append(layers.Dropout(dropout, name="dropout"))
    return keras.Sequential([*steps, classification_head(outputs)], name=f"{base}_{join}")


def get_backbone(name: str) -> Backbone:
    """A base by its name.

    Raises
    ------
    RecipeError
        There is none of that name.
    """
    if name not in BACKBONES:
        raise RecipeError(f"There is no base {name!r}; there are {', '.join(sorted(BACKBONES))}.")
    return BACKBONES[name]


def weight_files(*, base: str, **_: Any) -> tuple[str, ...]:
    """Names of the file with the ImageNet weights of the base."""
    return get_backbone(base).weight_files


def load_imagenet(model: keras.Model, file: Path | None, *, base: str, **_: Any) -> None:
    """Give the base its ImageNet weights: from a file, or downloaded through Keras where that is None."""
    nested = model.get_layer(BACKBONE_LAYER)
    source = "imagenet" if file is None else str(file)
    nested.set_weights(_build_backbone(get_backbone(base), nested.input_shape[1:], source).get_weights())


def _build_backbone(backbone: Backbone, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    made = backbone.constructor(include_top=False, weights=weights, input_shape=shape, **backbone.constructor_arguments)
    if backbone.first_layer:
        made = keras.Model(made.get_layer(backbone.first_layer).input, made.output)
    made.name = BACKBONE_LAYER
    return made
