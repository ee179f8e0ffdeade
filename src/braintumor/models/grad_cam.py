"""Serving graph of sequential classifiers: logits, probabilities and an exact Grad-CAM map per class."""

from typing import Any, Final

import keras
from keras import layers, ops

from braintumor.enums import CLASSES, NO_TUMOR_INDEX
from braintumor.errors import RecipeError
from braintumor.models.heads import BINARY_TO_CLASS_BIAS, BINARY_TO_CLASS_WEIGHT

_SKIPPED_LAYERS = (layers.Dropout, layers.InputLayer)
# Layers that can be the last with a feature map; a nested network counts as one layer.
_SPATIAL_LAYERS = (layers.Conv2D, layers.BatchNormalization, layers.Activation, layers.ReLU, keras.Model)
_POINTWISE_LAYERS = (layers.BatchNormalization, layers.Activation, layers.ReLU, layers.Rescaling)
# Sign with which the one output of a binary model supports each class.
_CLASS_EVIDENCE_SIGNS: Final = [-1.0 if i == NO_TUMOR_INDEX else 1.0 for i in range(len(CLASSES))]


class GradCAMLayer(layers.Layer):
    """Runs a sequential classifier and, in the same graph, the backward pass through its last layers.

    Grad-CAM (Selvaraju et al. 2017) weights the channels of a feature map by the mean gradient of a class score, sums
    them and keeps the positive part. The layers after the last feature map are few and simple, so their gradients are
    written as matrix products, and serving needs no automatic differentiation. Pooling directly after the feature map
    only redistributes the gradient. Grad-CAM needs its sum, which is that of the gradient after pooling.

    The call returns a dict: `logits` (n, classes), `probabilities` (n, classes) and `maps` (n, classes, rows, columns).
    For a binary model, whose output is the log-odds of tumour, the classes are still the four: all tumour types share
    one logit and one map, and the map of "no tumour" shows the evidence against a tumour.
    """

    def __init__(self, model: keras.Sequential, **arguments: Any) -> None:
        super().__init__(name="explained", dtype="float32", **arguments)
        self.model = model
        steps = [layer for layer in model.layers if not isinstance(layer, _SKIPPED_LAYERS)]
        if not isinstance(steps[-1], layers.Dense):
            raise RecipeError(f"{model.name}: Grad-CAM needs a Dense layer as the last layer.")
        last_spatial = _find_last_spatial_layer(steps)
        self.feature_layers, self.head_layers = steps[: last_spatial + 1], steps[last_spatial + 1 :]
        unsupported = [s.name for s in self.head_layers if not isinstance(s, (layers.MaxPooling2D, *_BACKPROP_RULES))]
        unsupported += [
            s.name for s in self.head_layers[:-1] if getattr(s, "activation", None) not in (None, *_ACTIVATION_SLOPES)
        ]
        if unsupported:
            raise RecipeError(f"{model.name}: Grad-CAM has no gradient rule for the layers {', '.join(unsupported)}.")
        if any(isinstance(s, layers.MaxPooling2D) for s in self.head_layers[1:]):
            raise RecipeError(f"{model.name}: Grad-CAM supports max pooling only directly after the feature map.")

    def call(self, images: Any) -> dict[str, Any]:
        """Return logits, probabilities and maps for images (n, height, width, channels), float32 from 0 to 1."""
        values = images
        for layer in self.feature_layers:
            values = layer(values)
        feature_map, inputs = values, []
        for layer in self.head_layers[:-1]:
            inputs.append(values)
            values = layer(values)
        last = self.head_layers[-1]
        logits, kernel = ops.matmul(values, last.kernel) + last.bias, last.kernel
        if last.units == 1:
            logits = logits * ops.array(BINARY_TO_CLASS_WEIGHT) + ops.array(BINARY_TO_CLASS_BIAS)
            kernel = kernel * ops.array(_CLASS_EVIDENCE_SIGNS)
        gradient = self._gradient(kernel, values, inputs)
        rows, columns = feature_map.shape[1:3]
        weights = ops.sum(gradient, axis=(2, 3)) / (rows * columns)
        maps = ops.relu(ops.einsum("nck,nhwk->nchw", weights, feature_map))
        return {"logits": logits, "probabilities": ops.softmax(logits), "maps": maps}

    def _gradient(self, kernel: Any, hidden: Any, inputs: list[Any]) -> Any:
        """Return the gradient of every class's evidence at the output of the first head layer if that is a pooling.

        Otherwise at its input. Shape (n, classes, rows, columns, channels).
        """
        outputs = [*inputs[1:], hidden]
        gradient = ops.transpose(kernel)[None] * ops.ones_like(hidden)[:, None, :]
        for layer, layer_input, layer_output in reversed(
            list(zip(self.head_layers[:-1], inputs, outputs, strict=True))
        ):
            if isinstance(layer, layers.MaxPooling2D):
                break
            slope = _ACTIVATION_SLOPES.get(getattr(layer, "activation", None))
            if slope is not None:
                gradient = gradient * slope(layer_output[:, None])
            backprop = next(rule for kind, rule in _BACKPROP_RULES.items() if isinstance(layer, kind))
            gradient = backprop(layer, gradient, layer_input)
        return gradient


def with_grad_cam(model: keras.Sequential) -> keras.Model:
    """Wrap a trained sequential classifier so that one call returns logits, probabilities and maps.

    Raises
    ------
    RecipeError
        A layer after the last feature map has no gradient rule.
    """
    image = keras.Input(model.input_shape[1:], name="image")
    return keras.Model(image, GradCAMLayer(model)(image), name=f"{model.name}_explained")


def map_extent(model: keras.Sequential) -> tuple[float, float, float, float] | None:
    """Return the part of the input that a map covers as (left, top, right, bottom) in pixels.

    Convolutions without padding shrink the feature map, so it covers only the middle of the input: each cell is centred
    on its receptive field and as wide as the distance to the next. None means the whole input: nested networks use
    padding.
    """
    steps = [layer for layer in model.layers if not isinstance(layer, _SKIPPED_LAYERS)]
    windows = [s for s in steps[: _find_last_spatial_layer(steps) + 1] if not isinstance(s, _POINTWISE_LAYERS)]
    if any(isinstance(layer, keras.Model) for layer in windows):
        return None
    extent = []
    for axis in (1, 0):
        center, stride = 0.5, 1
        for layer in windows:
            size = (layer.pool_size if isinstance(layer, layers.MaxPooling2D) else layer.kernel_size)[axis]
            if layer.padding == "valid":
                center += stride * (size - 1) / 2
            stride *= layer.strides[axis]
        cells = windows[-1].output.shape[1 + axis]
        extent.append((center - stride / 2, center - stride / 2 + cells * stride))
    (left, right), (top, bottom) = extent
    return left, top, right, bottom


def _find_last_spatial_layer(steps: list[Any]) -> int:
    """Return the index of the last convolution with a feature map, including pointwise layers after it."""
    spatial = [i for i, s in enumerate(steps) if isinstance(s, _SPATIAL_LAYERS) and _spatial_extent(s) > 1]
    if not any(isinstance(steps[i], (layers.Conv2D, keras.Model)) for i in spatial):
        raise RecipeError("Grad-CAM needs a convolution with a feature map larger than one cell.")
    return spatial[-1]


def _spatial_extent(layer: Any) -> int:
    shape = layer.output.shape
    return min(shape[1:3]) if len(shape) == 4 else 0


def _backprop_dense(layer: layers.Dense, gradient: Any, inputs: Any) -> Any:
    # Transpose the gradient, not the kernel, of which the exported graph would contain a second copy.
    product = ops.matmul(layer.kernel, ops.transpose(gradient, (0, 2, 1)))
    return ops.transpose(product, (0, 2, 1))


def _backprop_average_pool(layer: layers.GlobalAveragePooling2D, gradient: Any, inputs: Any) -> Any:
    rows, columns = inputs.shape[1:3]
    return ops.tile(gradient[:, :, None, None] / (rows * columns), (1, 1, rows, columns, 1))


def _backprop_flatten(layer: layers.Flatten, gradient: Any, inputs: Any) -> Any:
    return ops.reshape(gradient, (-1, gradient.shape[1], *inputs.shape[1:]))


def _backprop_convolution(layer: layers.Conv2D, gradient: Any, inputs: Any) -> Any:
    classes = gradient.shape[1]
    flat = ops.reshape(gradient, (-1, *gradient.shape[2:]))
    input_gradient = ops.conv_transpose(flat, layer.kernel, strides=layer.strides, padding=layer.padding)
    return ops.reshape(input_gradient, (-1, classes, *inputs.shape[1:]))


_BACKPROP_RULES = {
    layers.Dense: _backprop_dense,
    layers.Flatten: _backprop_flatten,
    layers.GlobalAveragePooling2D: _backprop_average_pool,
    layers.Conv2D: _backprop_convolution,
}
# Derivative of an activation as a function of its output.
_ACTIVATION_SLOPES = {
    keras.activations.linear: ops.ones_like,
    keras.activations.relu: lambda output: ops.cast(output > 0, "float32"),
    keras.activations.elu: lambda output: ops.minimum(output, 0.0) + 1.0,  # exp(x) = output + 1 below zero
}
