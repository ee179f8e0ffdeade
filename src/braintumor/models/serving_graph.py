"""The graph that is served of a network with a class and a mask: its answers, an exact map per class, and features."""

from typing import Any, Final

import keras
from keras import layers, ops

from braintumor.models.grad_cam import with_grad_cam
from braintumor.models.heads import ENCODER_STAGES


def serving_graph(model: keras.Model) -> keras.Model:
    """A trained network with its maps, and its mask where it has one: image to a dict with `logits` and others.

    Raises
    ------
    RecipeError
        Nothing is known of how its maps are found.
    """
    return with_grad_cam(model) if isinstance(model, keras.Sequential) else multitask_serving_graph(model)


# Stages whose channel averages tell what kind of picture this is: from edges up to parts.
_FEATURE_STAGES: Final = ENCODER_STAGES[1:-1]


class CAMHead(layers.Layer):
    """Reads a linear layer over global averages once more, cell by cell: what each cell added to each logit.

    The class activation map of Zhou et al. (2016), exact for such a head: the mean of a map is the class's logit less
    its bias. Evidence from coarser layers is spread smoothly over the finer one's cells.
    """

    def __init__(self, head: layers.Dense, **arguments: Any) -> None:
        super().__init__(dtype="float32", **arguments)
        self.head = head

    def call(self, evidence: list[Any]) -> dict[str, Any]:
        """Activations (n, rows, columns, channels), the last the finest, to `logits`, `probabilities` and `maps`."""
        kernels = ops.split(self.head.kernel, [int(evidence[0].shape[-1])], axis=0)
        finest, maps = evidence[-1].shape[1:3], 0.0
        for values, kernel in zip(evidence, kernels, strict=True):
            # Bilinear between cells: it keeps the mean where the finer grid is a whole number of times as fine.
            maps = maps + ops.image.resize(ops.matmul(values, kernel), finest, "bilinear")
        logits = ops.mean(maps, axis=(1, 2)) + self.head.bias
        return {
            "logits": logits,
            "probabilities": ops.softmax(logits),
            "maps": ops.relu(ops.transpose(maps, (0, 3, 1, 2))),
        }


def multitask_serving_graph(model: keras.Model) -> keras.Model:
    """Wrap a trained network so that one call gives all that a detector reads.

    Returns
    -------
    Model
        Image to a dict: `logits` and `probabilities` (n, classes), `maps` (n, classes, rows, columns), `mask`, the
        probability that each pixel is tumour (n, h / 2, w / 2), and `features` (n, d).
    """
    evidence = [model.get_layer(name).output for name in ("deep", "local")]
    answers = CAMHead(model.get_layer("class"), name="class_maps")(evidence)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask_probability")(model.output["mask"])
    described = [layers.GlobalAveragePooling2D()(model.get_layer(name).output) for name in _FEATURE_STAGES]
    features = layers.Concatenate(name="described")(described)
    return keras.Model(
        model.input,
        {**answers, "mask": layers.Reshape(mask.shape[1:3], name="mask_plane")(mask), "features": features},
        name=f"{model.name}_served",
    )


def classifier_only(model: keras.Model) -> keras.Model:
    """The encoder with a linear layer over its last stage's averages: a classifier and nothing else, to time against.

    Returns
    -------
    Model
        Image to `logits` (n, classes), by the part of the class head that reads the encoder's last stage.
    """
    deep, head = model.get_layer("deep").output, model.get_layer("class")
    linear = layers.Dense(head.units, dtype="float32", name="logits")
    made = keras.Model(model.input, {"logits": linear(layers.GlobalAveragePooling2D()(deep))}, name="bare")
    kernel, bias = head.get_weights()
    linear.set_weights([kernel[: deep.shape[-1]], bias])
    return made
