"""MobileNet (Howard et al. 2017) of width 0.75 with a class and a mask, from ImageNet weights where asked for."""

from pathlib import Path
from typing import Any, Final

import keras
from keras import layers

from braintumor.imaging import InputContract
from braintumor.models.masked_head import two_answers

_WIDTH: Final = 0.75
_STAGES: Final = tuple(f"conv_pw_{number}_relu" for number in (1, 3, 5, 11, 13))
WEIGHTS: Final = ("mobilenet_0.75_224_no_top.weights.h5", "mobilenet_7_5_224_tf_no_top.h5")


def build(contract: InputContract, classes: int, *, any_size: bool = False) -> keras.Model:
    """Build it with random weights; see `two_answers` for what it gives, and `masked_residual` for `any_size`."""
    size = (None, None) if any_size else (contract.height, contract.width)
    image = keras.Input((*size, contract.channels), name="image")
    scaled = layers.Rescaling(2.0, -1.0, name="rescaling")(image)  # ImageNet's weights were fitted to -1 to 1
    made = keras.applications.MobileNet(
        input_tensor=scaled, input_shape=(*size, contract.channels), alpha=_WIDTH, include_top=False, weights=None
    )
    return two_answers(image, [made.get_layer(name).output for name in _STAGES], classes, "masked_mobilenet")


def load_imagenet(model: keras.Model, file: Path | None) -> None:
    """Give the encoder its ImageNet weights; a grey input gets the sum of the three colours' first kernels.

    Parameters
    ----------
    file : Path or None
        Where the weights lie; None downloads them through Keras.
    """
    source = keras.applications.MobileNet(
        input_shape=(224, 224, 3), alpha=_WIDTH, include_top=False, weights=None if file else "imagenet"
    )
    if file:
        source.load_weights(file)
    for layer in source.layers:
        if layer.weights:
            model.get_layer(layer.name).set_weights(_grey(layer, model.get_layer(layer.name)))


def _grey(source: keras.layers.Layer, target: keras.layers.Layer) -> list[Any]:
    values = source.get_weights()
    if values[0].shape != target.get_weights()[0].shape:
        values[0] = values[0].sum(axis=2, keepdims=True)
    return values
