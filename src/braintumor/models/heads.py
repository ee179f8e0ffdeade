"""Two answers over one encoder: the class of a slice, and which of its pixels are tumour.

The class comes from one linear layer over two global averages, so its class activation map (Zhou et al. 2016) is exact:
what a cell of the map says is what that cell added to the logit. One average is of the encoder's last stage, which sees
the whole slice; the other of a decoder stage, each cell weighted by how much tumour the mask sees in it.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import layers, ops

from braintumor.enums import CLASSES, TUMOR_INDICES

# Where the one answer is tumour or none: its log-odds, times `KINDS` and plus `EVEN`, are logits of the four classes,
# spread evenly over the kinds that it cannot tell apart, so that their softmax gives the sigmoid back.
BINARY_TO_CLASS_WEIGHT: Final = tuple(1.0 if i in TUMOR_INDICES else 0.0 for i in range(len(CLASSES)))
BINARY_TO_CLASS_BIAS: Final = tuple(-math.log(len(TUMOR_INDICES)) * kind for kind in BINARY_TO_CLASS_WEIGHT)


def classification_head(outputs: int) -> layers.Dense:
    """A softmax over classes, or a sigmoid for the one number of a network that tells tumour from none.

    Float32 whatever the layers before compute in: probabilities near one would be lost in less.
    """
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")
    return layers.Dense(outputs, activation="softmax", dtype="float32", name="probabilities")


DECODER_CHANNELS: Final = (64, 64, 32)  # channels from the last stage but one up to a quarter of the input's size
ENCODER_STAGES: Final = ("stem", "stage_1", "stage_2", "stage_3", "deep")
_LOCAL_STAGE: Final = "stage_2"  # the stage whose size the weighted average is taken at
_MIN_TUMOR_FRACTION: Final = 0.002  # share of a slice: less tumour than about this weighs little


@keras.saving.register_keras_serializable("braintumor")
class UnderMask(layers.Layer):
    """Weights cells by how much of each the mask sees as tumour, so that their average describes the tumour alone.

    Where no tumour is seen, all weights are near zero. The mask is taken as it is: the class does not train it.
    """

    def call(self, values: Any, mask: Any) -> Any:
        """`values` (n, rows, columns, channels), `mask` logits (n, k rows, k columns, 1) to weighted values."""
        finer = ops.stop_gradient(ops.sigmoid(ops.cast(mask, "float32")))
        size = mask.shape[1] // values.shape[1] if mask.shape[1] else 4
        seen = ops.average_pool(finer, size, size)
        return values * ops.cast(
            seen / (ops.mean(seen, axis=(1, 2), keepdims=True) + _MIN_TUMOR_FRACTION), values.dtype
        )


def multitask_head(image: Any, stages: Sequence[Any], classes: int, name: str) -> keras.Model:
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
    named = {stage: _name_output(stage, values) for stage, values in zip(ENCODER_STAGES, stages, strict=True)}
    deep = named["deep"]
    values, local = conv_bn_relu(deep, DECODER_CHANNELS[0], 1), None
    for stage, channels in zip(("stage_3", "stage_2", "stage_1"), DECODER_CHANNELS, strict=True):
        if values.shape[-1] != channels:
            values = conv_bn_relu(values, channels, 1)
        skip = conv_bn_relu(named[stage], channels, 1, activation=False)
        values = layers.ReLU()(layers.Add()([layers.UpSampling2D(2)(values), skip]))
        values = conv_bn_relu(values, channels, 3)
        local = values if stage == _LOCAL_STAGE else local
    mask = layers.Conv2DTranspose(1, 4, strides=2, padding="same", dtype="float32", name="mask")(values)
    described = [deep, UnderMask(name="local")(local, mask)]
    pooled = layers.Concatenate(name="features")([layers.GlobalAveragePooling2D()(v) for v in described])
    kept = layers.Dropout(0.2, name="dropout")(pooled)
    answer = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(kept)
    return keras.Model(image, {"class": answer, "mask": mask}, name=name)


def conv_bn_relu(values: Any, channels: int, size: int, *, activation: bool = True) -> Any:
    """Convolution, batch normalization, and a rectifier where `active`."""
    values = layers.Conv2D(channels, size, padding="same", use_bias=False)(values)
    values = layers.BatchNormalization(momentum=0.97)(values)
    return layers.ReLU()(values) if activation else values


def _name_output(name: str, values: Any) -> Any:
    """Give the output of a stage a name to find it by."""
    return layers.Activation("linear", name=name)(values)
