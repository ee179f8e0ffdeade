"""An ImageNet backbone with a classification head; the recipe chooses backbone, pooling and hidden layer."""

from pathlib import Path
from typing import Any, Final, Literal

import keras
from keras import layers

from braintumor.imaging import InputSpec
from braintumor.models.backbones import Backbone, get_backbone
from braintumor.models.heads import classification_head

BACKBONE_LAYER: Final = "backbone"  # name of the nested network


def build(
    input_spec: InputSpec,
    outputs: int,
    *,
    backbone: str,
    pooling: Literal["flatten", "average"] = "average",
    hidden: int = 0,
    dropout: float = 0.0,
) -> keras.Sequential:
    """Build the preprocessing of the backbone, the backbone with random weights, and a head.

    Parameters
    ----------
    backbone : str
        A key of `BACKBONES`.
    pooling : str
        How the last feature map becomes a vector: `flatten`, or its global `average`.
    hidden : int
        Units of a hidden ReLU layer; 0 for none.
    dropout : float
        Dropout rate before the classification layer.
    """
    chosen = get_backbone(backbone)
    shape = (input_spec.height, input_spec.width, input_spec.channels)
    steps = [
        keras.Input(shape, name="image"),
        layers.Rescaling(chosen.scale, chosen.offset, name="prepare"),
        _build_backbone(chosen, shape, None),
        layers.Flatten(name="flatten") if pooling == "flatten" else layers.GlobalAveragePooling2D(name="average"),
    ]
    if hidden:
        steps.append(layers.Dense(hidden, activation="relu", name="hidden"))
    if dropout:
        steps.append(layers.Dropout(dropout, name="dropout"))
    return keras.Sequential([*steps, classification_head(outputs)], name=f"{backbone}_{pooling}")


def weight_files(*, backbone: str, **_: Any) -> tuple[str, ...]:
    """List the possible file names of the backbone's ImageNet weights."""
    return get_backbone(backbone).weight_files


def load_imagenet(model: keras.Model, file: Path | None, *, backbone: str, **_: Any) -> None:
    """Load the ImageNet weights of the backbone from a file, or download them through Keras if it is None."""
    nested = model.get_layer(BACKBONE_LAYER)
    source = "imagenet" if file is None else str(file)
    nested.set_weights(_build_backbone(get_backbone(backbone), nested.input_shape[1:], source).get_weights())


def _build_backbone(backbone: Backbone, shape: tuple[int, ...], weights: str | None) -> keras.Model:
    network = backbone.constructor(
        include_top=False, weights=weights, input_shape=shape, **backbone.constructor_arguments
    )
    if backbone.first_layer:
        network = keras.Model(network.get_layer(backbone.first_layer).input, network.output)
    network.name = BACKBONE_LAYER
    return network
