"""Output layers: a classification head, and a head that predicts the class and the tumour mask.

In the multitask head, the class comes from one linear layer over global averages. Its class activation map (Zhou et al.
2016) is therefore exact: the value of a map cell is what that cell added to the logit. One average is over the last
stage of the encoder, which sees the whole slice; another is over a decoder stage, with each cell weighted by the
predicted mask. Optional ones, weighted likewise, are over an encoder stage and over differences from the mirror image:
a head without a tumour is nearly symmetric on every scanner.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import keras
from keras import layers, ops

from braintumor.enums import CLASSES, TUMOR_INDICES

# A binary model predicts the log-odds of tumour. Multiplied by the weights and added to the biases, they become logits
# of the four classes with equal values for all tumour types; the sum of their softmax over tumours is the sigmoid.
BINARY_TO_CLASS_WEIGHT: Final = tuple(1.0 if i in TUMOR_INDICES else 0.0 for i in range(len(CLASSES)))
BINARY_TO_CLASS_BIAS: Final = tuple(-math.log(len(TUMOR_INDICES)) * weight for weight in BINARY_TO_CLASS_WEIGHT)

DECODER_CHANNELS: Final = (64, 64, 32)  # from the stage before the last to a quarter of the input size
ENCODER_STAGES: Final = ("stem", "stage_1", "stage_2", "stage_3", "deep")
_LOCAL_STAGE: Final = "stage_2"  # decoder and encoder stage of the mask-weighted averages
_ASYMMETRY_STRIDES: Final = {"stage_2": 4, "stage_3": 8}  # rows of the mask per row of the stage
# Layers whose global averages are the features, in this order; the last three only in a network with `asymmetry`.
EVIDENCE_LAYERS: Final = ("deep", "local", "local_encoder", *(f"asymmetry_{stage}" for stage in _ASYMMETRY_STRIDES))
_MIN_TUMOR_FRACTION: Final = 0.002  # of a slice; much smaller predicted tumours get little weight


def classification_head(outputs: int) -> layers.Dense:
    """Create a softmax layer over classes, or a sigmoid layer for the one output of a binary model.

    Always float32: lower precision would round probabilities close to 1.
    """
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")
    return layers.Dense(outputs, activation="softmax", dtype="float32", name="probabilities")


# The committed .keras files contain the layer under its first name.
@keras.saving.register_keras_serializable("braintumor", name="UnderMask")
class MaskWeightedPooling(layers.Layer):
    """Weights cells by the predicted mask, so that their average describes the tumour only.

    Without a predicted tumour, all weights are close to zero. The class loss does not train the mask.

    Parameters
    ----------
    stride : int
        Rows of the mask per row of cells.
    """

    def __init__(self, stride: int = 4, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.stride = stride

    def call(self, values: Any, mask: Any) -> Any:
        """Return weighted values (n, rows, columns, channels) for mask logits (n, stride rows, stride columns, 1)."""
        return values * ops.cast(self.cell_weights(mask), values.dtype)

    def cell_weights(self, mask: Any) -> Any:
        """Return the weights of the cells (n, rows, columns, 1), float32."""
        probability = ops.stop_gradient(ops.sigmoid(ops.cast(mask, "float32")))
        cell_means = ops.average_pool(probability, self.stride, self.stride)
        return cell_means / (ops.mean(cell_means, axis=(1, 2), keepdims=True) + _MIN_TUMOR_FRACTION)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the layer."""
        return {**super().get_config(), "stride": self.stride}


@keras.saving.register_keras_serializable("braintumor")
class MirrorDifference(layers.Layer):
    """The absolute difference of each cell from the cell on the other side of the image's vertical midline."""

    def call(self, values: Any) -> Any:
        """Return differences of the shape of the values (n, rows, columns, channels)."""
        identity = ops.eye(ops.shape(values)[2], dtype=values.dtype)
        # ONNX Runtime reverses an axis ten times slower than it multiplies by this matrix; the result is the same.
        differences = ops.matmul(ops.transpose(values, (0, 3, 1, 2)), identity - ops.flip(identity, axis=1))
        return ops.transpose(ops.abs(differences), (0, 2, 3, 1))


def multitask_head(
    image: Any, stages: Sequence[Any], classes: int, name: str, *, asymmetry: bool = False
) -> keras.Model:
    """Add a light decoder with additive skip connections (after Ronneberger et al. 2015) and a linear class head.

    Parameters
    ----------
    image : KerasTensor
        The model input.
    stages : sequence of five KerasTensors
        Outputs of the encoder at 1/2, 1/4, 1/8, 1/16 and 1/32 of the input size.
    asymmetry : bool
        Let the class also see mask-weighted averages of an encoder stage and of differences from the mirror image.

    Returns
    -------
    Model
        Image (n, h, w, channels) to `class`, softmax (n, classes), and `mask`, logits (n, h / 2, w / 2, 1).
    """
    encoded = {stage: _name_output(stage, values) for stage, values in zip(ENCODER_STAGES, stages, strict=True)}
    deep = encoded["deep"]
    values, local = conv_bn_relu(deep, DECODER_CHANNELS[0], 1), None
    for stage, channels in zip(("stage_3", "stage_2", "stage_1"), DECODER_CHANNELS, strict=True):
        if values.shape[-1] != channels:
            values = conv_bn_relu(values, channels, 1)
        skip = conv_bn_relu(encoded[stage], channels, 1, activation=False)
        values = layers.ReLU()(layers.Add()([layers.UpSampling2D(2)(values), skip]))
        values = conv_bn_relu(values, channels, 3)
        local = values if stage == _LOCAL_STAGE else local
    mask = layers.Conv2DTranspose(1, 4, strides=2, padding="same", dtype="float32", name="mask")(values)
    evidence = [deep, MaskWeightedPooling(name="local")(local, mask)]
    if asymmetry:
        evidence.append(MaskWeightedPooling(name="local_encoder")(encoded[_LOCAL_STAGE], mask))
        for stage, stride in _ASYMMETRY_STRIDES.items():
            pooling = MaskWeightedPooling(stride, name=f"asymmetry_{stage}")
            evidence.append(pooling(MirrorDifference()(encoded[stage]), mask))
    pooled = [layers.GlobalAveragePooling2D()(values) for values in evidence]
    features = layers.Dropout(0.2, name="dropout")(layers.Concatenate(name="features")(pooled))
    probabilities = layers.Dense(classes, activation="softmax", dtype="float32", name="class")(features)
    return keras.Model(image, {"class": probabilities, "mask": mask}, name=name)


def conv_bn_relu(values: Any, channels: int, size: int, *, activation: bool = True) -> Any:
    """Apply a convolution, batch normalization, and a ReLU if `activation` is set."""
    values = layers.Conv2D(channels, size, padding="same", use_bias=False)(values)
    values = layers.BatchNormalization(momentum=0.97)(values)
    return layers.ReLU()(values) if activation else values


def _name_output(name: str, values: Any) -> Any:
    """Give the output of a stage a name, by which other modules find it."""
    return layers.Activation("linear", name=name)(values)
