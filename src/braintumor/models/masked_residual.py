"""Compact residual network (He et al. 2016) with a class and a mask, from random weights."""

from typing import Any, Final

import keras
from keras import layers

from braintumor.imaging import InputContract
from braintumor.models.masked_head import convolution, two_answers

_STEM: Final = 24
_STAGES: Final = ((32, 1), (64, 2), (128, 2), (192, 2))  # channels and blocks, each stage half the size of the last


def build(contract: InputContract, classes: int, *, any_size: bool = False) -> keras.Model:
    """Build it; see `two_answers` for what it gives.

    Parameters
    ----------
    any_size : bool
        Leave height and width open, to train on smaller frames first; they must divide by 32.
    """
    size = (None, None) if any_size else (contract.height, contract.width)
    image = keras.Input((*size, contract.channels), name="image")
    stages = [convolution(image, _STEM, 3, strides=2)]
    for channels, blocks in _STAGES:
        values = stages[-1]
        for block in range(blocks):
            values = _residual(values, channels, halve=block == 0)
        stages.append(values)
    return two_answers(image, stages, classes, "masked_residual")


def _residual(values: Any, channels: int, *, halve: bool) -> Any:
    short = layers.AveragePooling2D(2)(values) if halve else values
    if values.shape[-1] != channels:
        short = convolution(short, channels, 1, active=False)
    inner = convolution(values, channels, 3, strides=2 if halve else 1)
    return layers.ReLU()(layers.Add()([convolution(inner, channels, 3, active=False), short]))
