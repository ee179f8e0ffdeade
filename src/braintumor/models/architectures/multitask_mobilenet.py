"""MobileNet (Howard et al. 2017) of width 0.75 with a class and a mask, from ImageNet weights where asked for."""

from pathlib import Path
from typing import Final

import keras

from braintumor.imaging import InputSpec
from braintumor.models.heads import multitask_head

_WIDTH: Final = 0.75
_STAGE_LAYERS: Final = tuple(f"conv_pw_{number}_relu" for number in (1, 3, 5, 11, 13))
_FIRST_LAYERS: Final = ("conv1", "conv1_bn")
WEIGHT_FILES: Final = ("mobilenet_0.75_224_no_top.weights.h5", "mobilenet_7_5_224_tf_no_top.h5")


def build(input_spec: InputSpec, classes: int, *, any_size: bool = False) -> keras.Model:
    """Build it with random weights; see `two_answers` for what it gives.

    Parameters
    ----------
    any_size : bool
        Leave height and width open, to train on smaller frames first; they must divide by 32.
    """
    size = (None, None) if any_size else (input_spec.height, input_spec.width)
    image = keras.Input((*size, input_spec.channels), name="image")
    made = keras.applications.MobileNet(
        input_tensor=image, input_shape=(*size, input_spec.channels), alpha=_WIDTH, include_top=False, weights=None
    )
    return multitask_head(image, [made.get_layer(name).output for name in _STAGE_LAYERS], classes, "masked_mobilenet")


def weight_files() -> tuple[str, ...]:
    """Names of the file with the ImageNet weights."""
    return WEIGHT_FILES


def load_imagenet(model: keras.Model, file: Path | None) -> None:
    """Give the encoder its ImageNet weights, which were fitted to colours from -1 to 1, made to fit grey from 0 to 1.

    Only at the frame's edge do the answers differ: beyond it lies black, not grey.

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
        if layer.weights and layer.name not in _FIRST_LAYERS:
            model.get_layer(layer.name).set_weights(layer.get_weights())
    kernel, norm = (source.get_layer(name).get_weights() for name in _FIRST_LAYERS)
    one = kernel[0] if model.input_shape[-1] == kernel[0].shape[2] else kernel[0].sum(axis=2, keepdims=True)
    norm[2] = norm[2] + one.sum(axis=(0, 1, 2))  # w(2x - 1) is 2wx less the sum of w, which the moving mean takes up
    for name, weights in zip(_FIRST_LAYERS, ([2 * one], norm), strict=True):
        model.get_layer(name).set_weights(weights)
