"""Residual network with two answers from one encoder: the class of a slice, and which of its pixels are tumour.

The class comes from one linear layer over global averages, so its class activation map (Zhou et al. 2016) is exact:
what a cell of the map says is what that cell added to the logit. The averages are of the encoder's last stage, which
sees the whole slice, and of a decoder stage, which the masks taught where tumours are.
"""

from typing import Any, Final

import keras
from keras import layers

from braintumor.imaging import InputContract

STEM: Final = 24
STAGES: Final = ((32, 1), (64, 2), (128, 2), (192, 2))  # channels and blocks, each stage at half the size of the last
DECODER: Final = (96, 64, 32, 16)  # channels from the last stage but one up to half the input's size


def build(contract: InputContract, classes: int, *, any_size: bool = False) -> keras.Model:
    """Encoder of residual blocks (He et al. 2016), a light decoder with sums for skips (Ronneberger et al. 2015).

    Parameters
    ----------
    any_size : bool
        Leave height and width open, to train on smaller frames first; they must divide by 32.

    Returns
    -------
    Model
        Image (n, h, w, channels) to `class`, softmax (n, classes), and `mask`, logits (n, h / 2, w / 2, 1).
    """
    size = (None, None) if any_size else (contract.height, contract.width)
    image = keras.Input((*size, contract.channels), name="image")
    skips = [_named("stem", _convolution(image, STEM, 3, strides=2))]
    for stage, (channels, blocks) in enumerate(STAGES, start=1):
        values = skips[-1]
        for block in range(blocks):
            values = _residual(values, channels, halve=block == 0)
        skips.append(_named("deep" if stage == len(STAGES) else f"stage_{stage}", values))
    deep = skips.pop()
    values = _convolution(deep, DECODER[0], 1)
    local = None
    for skip, channels in zip(reversed(skips), DECODER, strict=True):
        values = layers.UpSampling2D(2)(_convolution(values, channels, 1))
        values = layers.ReLU()(layers.Add()([values, _convolution(skip, channels, 1, active=False)]))
        values = _convolution(values, channels, 3)
        if channels == DECODER[1]:
            local = values = _named("local", values)
    mask = layers.Conv2D(1, 3, padding="same", dtype="float32", name="mask")(values)
    pooled = layers.Concatenate(name="features")([layers.GlobalAveragePooling2D()(v) for v in (deep, local)])
    kept = layers.Dropout(0.2, name="dropout")(pooled)
    answer = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(kept)
    return keras.Model(image, {"class": answer, "mask": mask}, name="masked_residual")


def _named(name: str, values: Any) -> Any:
    """Give the output of a stage a name to find it by."""
    return layers.Activation("linear", name=name)(values)


def _residual(values: Any, channels: int, *, halve: bool) -> Any:
    short = layers.AveragePooling2D(2)(values) if halve else values
    if values.shape[-1] != channels:
        short = _convolution(short, channels, 1, active=False)
    inner = _convolution(values, channels, 3, strides=2 if halve else 1)
    return layers.ReLU()(layers.Add()([_convolution(inner, channels, 3, active=False), short]))


def _convolution(values: Any, channels: int, size: int, *, strides: int = 1, active: bool = True) -> Any:
    values = layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False)(values)
    values = layers.BatchNormalization(momentum=0.97)(values)
    return layers.ReLU()(values) if active else values
