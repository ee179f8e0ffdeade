"""Two answers over one encoder: the class of a slice, and which of its pixels are tumour.

The class comes from one linear layer over global averages, so its class activation map (Zhou et al. 2016) is exact:
what a cell of the map says is what that cell added to the logit. The averages are of the encoder's last stage, which
sees the whole slice, and of a decoder stage, which the masks taught where tumours are.
"""

from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import layers

DECODER: Final = (96, 64, 32, 16)  # channels from the last stage but one up to half the input's size
STAGES: Final = ("stem", "stage_1", "stage_2", "stage_3", "deep")


def two_answers(image: Any, stages: Sequence[Any], classes: int, name: str) -> keras.Model:
    """A light decoder with sums for skips (after Ronneberger et al. 2015), and a linear class head.

    Parameters
    ----------
    image : KerasTensor
        The input.
    stages : sequence of five KerasTensors
        What the encoder gives at a half, a quarter, ... and a thirty-second of the input's size.

    Returns
    -------
    Model
        Image (n, h, w, channels) to `class`, softmax (n, classes), and `mask`, logits (n, h / 2, w / 2, 1).
    """
    *skips, deep = (_named(stage, values) for stage, values in zip(STAGES, stages, strict=True))
    values = convolution(deep, DECODER[0], 1)
    local = None
    for skip, channels in zip(reversed(skips), DECODER, strict=True):
        values = layers.UpSampling2D(2)(convolution(values, channels, 1))
        values = layers.ReLU()(layers.Add()([values, convolution(skip, channels, 1, active=False)]))
        values = convolution(values, channels, 3)
        if channels == DECODER[1]:
            local = values = _named("local", values)
    mask = layers.Conv2D(1, 3, padding="same", dtype="float32", name="mask")(values)
    pooled = layers.Concatenate(name="features")([layers.GlobalAveragePooling2D()(v) for v in (deep, local)])
    kept = layers.Dropout(0.2, name="dropout")(pooled)
    answer = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(kept)
    return keras.Model(image, {"class": answer, "mask": mask}, name=name)


def convolution(values: Any, channels: int, size: int, *, strides: int = 1, active: bool = True) -> Any:
    """Convolution, batch normalization, and a rectifier where `active`."""
    values = layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False)(values)
    values = layers.BatchNormalization(momentum=0.97)(values)
    return layers.ReLU()(values) if active else values


def _named(name: str, values: Any) -> Any:
    """Give the output of a stage a name to find it by."""
    return layers.Activation("linear", name=name)(values)
