"""MobileNet (Howard et al. 2017), width 0.75, that predicts the class and the tumour mask."""

from pathlib import Path
from typing import Final

import keras

from braintumor.imaging import InputSpec
from braintumor.models.heads import multitask_head

_WIDTH: Final = 0.75
_STAGE_LAYERS: Final = tuple(f"conv_pw_{number}_relu" for number in (1, 3, 5, 11, 13))
_FIRST_LAYERS: Final = ("conv1", "conv1_bn")
WEIGHT_FILES: Final = ("mobilenet_0.75_224_no_top.weights.h5", "mobilenet_7_5_224_tf_no_top.h5")


def build(input_spec: InputSpec, classes: int, *, any_size: bool = False, asymmetry: bool = False) -> keras.Model:
    """Build the network with random weights; see `multitask_head` for its outputs.

    Parameters
    ----------
    any_size : bool
        Leave height and width undefined, for progressive resizing; sizes must be multiples of 32.
    asymmetry : bool
        See `multitask_head`.
    """
    size = (None, None) if any_size else (input_spec.height, input_spec.width)
    shape = (*size, input_spec.channels)
    image = keras.Input(shape, name="image")
    encoder = keras.applications.MobileNet(
        input_tensor=image, input_shape=shape, alpha=_WIDTH, include_top=False, weights=None
    )
    stages = [encoder.get_layer(name).output for name in _STAGE_LAYERS]
    return multitask_head(image, stages, classes, "multitask_mobilenet", asymmetry=asymmetry)


def weight_files() -> tuple[str, ...]:
    """List the possible file names of the ImageNet weights."""
    return WEIGHT_FILES


def load_imagenet(model: keras.Model, file: Path | None) -> None:
    """Load the encoder's ImageNet weights, converted from colours in -1 to 1 to grey values in 0 to 1.

    The converted network gives the same outputs except at the image border: the padding is black instead of grey.

    Parameters
    ----------
    file : Path or None
        File with the weights; None downloads them through Keras.
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
    is_color = model.input_shape[-1] == kernel[0].shape[2]
    weights = kernel[0] if is_color else kernel[0].sum(axis=2, keepdims=True)
    # w(2x - 1) = 2wx - sum(w): the moving mean of the normalization absorbs the sum.
    norm[2] = norm[2] + weights.sum(axis=(0, 1, 2))
    for name, values in zip(_FIRST_LAYERS, ([2 * weights], norm), strict=True):
        model.get_layer(name).set_weights(values)
