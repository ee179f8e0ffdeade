"""Serving graphs of trained networks: logits, probabilities, a map per class, and optionally mask and features."""

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from braintumor.models.grad_cam import with_grad_cam
from braintumor.models.heads import ENCODER_STAGES, EVIDENCE_LAYERS, MaskWeightedPooling

# Stages whose channel means describe what kind of image it is, from edges to object parts.
_FEATURE_STAGES: Final = ENCODER_STAGES[1:-1]


class CAMHead(layers.Layer):
    """Applies a linear layer over global averages to each cell, which gives its contribution to each logit.

    This is the class activation map of Zhou et al. (2016), exact for such a head: the mean of a map is the logit of the
    class minus its bias. Evidence from coarser layers is interpolated to the finer grid.
    """

    def __init__(self, head: layers.Dense, poolings: Sequence[MaskWeightedPooling], **arguments: Any) -> None:
        super().__init__(dtype="float32", **arguments)
        self.head, self.poolings = head, list(poolings)

    def call(self, evidence: list[Any], mask: Any) -> dict[str, Any]:
        """Return logits, probabilities and maps.

        Parameters
        ----------
        evidence : list of tensors
            Activations (n, rows, columns, channels): of the unweighted layer, then what each of `poolings` weights.
        mask : tensor
            Logits of the tumour mask.
        """
        kernels = ops.split(self.head.kernel, np.cumsum([values.shape[-1] for values in evidence])[:-1].tolist())
        finest, maps = tuple(max(values.shape[axis] for values in evidence) for axis in (1, 2)), 0.0
        for values, kernel, pooling in zip(evidence, kernels, (None, *self.poolings), strict=True):
            cells = ops.conv(values, kernel[None, None])
            if pooling:  # one factor per class instead of one per channel
                cells = cells * pooling.cell_weights(mask)
            # Bilinear resizing preserves the mean if the finer size is a multiple of the coarser.
            maps = maps + (cells if cells.shape[1:3] == finest else ops.image.resize(cells, finest, "bilinear"))
        logits = ops.mean(maps, axis=(1, 2)) + self.head.bias
        return {
            "logits": logits,
            "probabilities": ops.softmax(logits),
            "maps": ops.relu(ops.transpose(maps, (0, 3, 1, 2))),
        }


def serving_graph(model: keras.Model) -> keras.Model:
    """Build the serving graph of a trained network: image to a dict with `logits`, `probabilities` and `maps`.

    Raises
    ------
    RecipeError
        The maps of such a network cannot be computed.
    """
    return with_grad_cam(model) if isinstance(model, keras.Sequential) else multitask_serving_graph(model)


def multitask_serving_graph(model: keras.Model) -> keras.Model:
    """Wrap a trained multitask network so that one call returns everything a detector needs.

    Returns
    -------
    Model
        Image to a dict: `logits` and `probabilities` (n, classes), `maps` (n, classes, rows, columns), `mask`, the
        tumour probability of each pixel (n, h / 2, w / 2), and `features` (n, d).
    """
    deep, *poolings = evidence_layers(model)
    evidence = [deep.output, *(pooling.input[0] for pooling in poolings)]
    head = CAMHead(model.get_layer("class"), poolings, name="class_maps")
    outputs = head(evidence, model.output["mask"])
    mask = layers.Activation("sigmoid", dtype="float32", name="mask_probability")(model.output["mask"])
    channel_means = [layers.GlobalAveragePooling2D()(model.get_layer(name).output) for name in _FEATURE_STAGES]
    features = layers.Concatenate(name="described")(channel_means)
    return keras.Model(
        model.input,
        {**outputs, "mask": layers.Reshape(mask.shape[1:3], name="mask_plane")(mask), "features": features},
        name=f"{model.name}_served",
    )


def evidence_layers(model: keras.Model) -> list[layers.Layer]:
    """Return the layers of a multitask network whose global averages its class layer reads, in order."""
    names = {layer.name for layer in model.layers}
    return [model.get_layer(name) for name in EVIDENCE_LAYERS if name in names]


def classifier_only(model: keras.Model) -> keras.Model:
    """Build the encoder with a linear layer over its last stage, without mask and maps, for timing comparisons.

    Returns
    -------
    Model
        Image to `logits` (n, classes), with the part of the class head that reads the encoder's last stage.
    """
    deep, head = model.get_layer("deep").output, model.get_layer("class")
    linear = layers.Dense(head.units, dtype="float32", name="logits")
    classifier = keras.Model(model.input, {"logits": linear(layers.GlobalAveragePooling2D()(deep))}, name="bare")
    kernel, bias = head.get_weights()
    linear.set_weights([kernel[: deep.shape[-1]], bias])
    return classifier
