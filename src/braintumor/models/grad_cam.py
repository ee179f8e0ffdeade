"""The graph that is served: a sequential classifier with logits, probabilities and an exact Grad-CAM map per class."""

from typing import Any, Final

import keras
from keras import layers, ops

from braintumor.enums import CLASSES, NO_TUMOR_INDEX
from braintumor.errors import RecipeError
from braintumor.models.heads import BINARY_TO_CLASS_BIAS, BINARY_TO_CLASS_WEIGHT

_SKIPPED_LAYERS = (layers.Dropout, layers.InputLayer)
# What may stand last before the tail: whatever its output means as a picture. A nested network is one such step.
_SPATIAL_LAYERS = (layers.Conv2D, layers.BatchNormalization, layers.Activation, layers.ReLU, keras.Model)
_POINTWISE_LAYERS = (layers.BatchNormalization, layers.Activation, layers.ReLU, layers.Rescaling)
# Which way each class's evidence counts where the one answer is tumour or none.
_CLASS_EVIDENCE_SIGNS: Final = [-1.0 if i == NO_TUMOR_INDEX else 1.0 for i in range(len(CLASSES))]


class GradCAMLayer(layers.Layer):
    """Runs a sequential classifier and, in the same forward graph, the backward pass through its tail.

    Grad-CAM (Selvaraju et al. 2017) weighs the channels of a convolution by the mean gradient of a class score and sums
    them, keeping what is positive. The layers behind the last convolution that still has a spatial extent are few and
    simple, so their gradient is written out here as matrix products: serving needs no automatic differentiation. A
    pooling right behind that convolution only passes gradients on, so their sum, all that Grad-CAM needs, is that of
    the pooled gradients.

    Call returns a dict: `logits` (n, classes), `probabilities` (n, classes) and `maps` (n, classes, rows, columns).
    Of a network with one answer, the log-odds of tumour, the classes are still the four: the kinds of tumour, which it
    cannot tell apart, share logit and map, and the map of no tumour is of what speaks against one.
    """

    def __init__(self, model: keras.Sequential, **arguments: Any) -> None:
        super().__init__(name="explained", dtype="float32", **arguments)
        self.model = model
        steps = [layer for layer in model.layers if not isinstance(layer, _SKIPPED_LAYERS)]
        if not isinstance(steps[-1], layers.Dense):
            raise RecipeError(f"{model.name}: Grad-CAM in the graph needs a last Dense layer.")
        target = _find_last_spatial_layer(steps)
        self.feature_layers, self.head_layers = steps[: target + 1], steps[target + 1 :]
        unknown = [s.name for s in self.head_layers if not isinstance(s, (layers.MaxPooling2D, *_BACKPROP_RULES))]
        unknown += [
            s.name for s in self.head_layers[:-1] if getattr(s, "activation", None) not in (None, *_ACTIVATION_SLOPES)
        ]
        if unknown or any(isinstance(s, layers.MaxPooling2D) for s in self.head_layers[1:]):
            raise RecipeError(f"{model.name}: Grad-CAM in the graph knows no gradient for {unknown or 'late pooling'}.")

    def call(self, images: Any) -> dict[str, Any]:
        """Images (n, height, width, channels), float32 from 0 to 1."""
        values = images
        for layer in self.feature_layers:
            values = layer(values)
        activation, inputs = values, []
        for layer in self.head_layers[:-1]:
            inputs.append(values)
            values = layer(values)
        last = self.head_layers[-1]
        logits, kernel = ops.matmul(values, last.kernel) + last.bias, last.kernel
        if last.units == 1:
            logits, kernel = (
                logits * ops.array(BINARY_TO_CLASS_WEIGHT) + ops.array(BINARY_TO_CLASS_BIAS),
                kernel * ops.array(_CLASS_EVIDENCE_SIGNS),
            )
        gradient = self._gradient(kernel, values, inputs)
        rows, columns = activation.shape[1:3]
        weights = ops.sum(gradient, axis=(2, 3)) / (rows * columns)
        maps = ops.relu(ops.einsum("nck,nhwk->nchw", weights, activation))
        return {"logits": logits, "probabilities": ops.softmax(logits), "maps": maps}

    def _gradient(self, kernel: Any, hidden: Any, inputs: list[Any]) -> Any:
        """Gradient of every class's evidence at the first tail layer's output (its input, where that is no pooling).

        Shape (n, classes, rows, columns, channels).
        """
        outputs = [*inputs[1:], hidden]
        gradient = ops.transpose(kernel)[None] * ops.ones_like(hidden)[:, None, :]
        for layer, given, made in reversed(list(zip(self.head_layers[:-1], inputs, outputs, strict=True))):
            if isinstance(layer, layers.MaxPooling2D):
                break
            slope = _ACTIVATION_SLOPES.get(getattr(layer, "activation", None))
            if slope is not None:
                gradient = gradient * slope(made[:, None])
            gradient = next(back for kind, back in _BACKPROP_RULES.items() if isinstance(layer, kind))(
                layer, gradient, given
            )
        return gradient


def _find_last_spatial_layer(steps: list[Any]) -> int:
    """The last convolution with a spatial extent, with what is done to its output cell by cell."""
    found = [i for i, s in enumerate(steps) if isinstance(s, _SPATIAL_LAYERS) and _spatial_extent(s) > 1]
    if not any(isinstance(s, (layers.Conv2D, keras.Model)) and _spatial_extent(s) > 1 for s in steps):
        raise RecipeError("Grad-CAM needs a convolution with a spatial extent.")
    return found[-1]


def _spatial_extent(layer: Any) -> int:
    shape = layer.output.shape
    return min(shape[1:3]) if len(shape) == 4 else 0


def map_extent(model: keras.Sequential) -> tuple[float, float, float, float] | None:
    """Part of the input that the cells of a map look at, as (left, top, right, bottom) in pixels.

    Unpadded convolutions see the rim of the frame less and less, so the map covers only its middle: each cell is
    taken as centred on its receptive field and as wide as the step to the next. None, which stands for the whole
    frame, where there is a nested network, whose convolutions are padded.
    """
    steps = [layer for layer in model.layers if not isinstance(layer, _SKIPPED_LAYERS)]
    looked = [s for s in steps[: _find_last_spatial_layer(steps) + 1] if not isinstance(s, _POINTWISE_LAYERS)]
    if any(isinstance(layer, keras.Model) for layer in looked):
        return None
    extent = []
    for axis in (1, 0):
        centre, step = 0.5, 1
        for layer in looked:
            window = (layer.pool_size if isinstance(layer, layers.MaxPooling2D) else layer.kernel_size)[axis]
            if layer.padding == "valid":
                centre += step * (window - 1) / 2
            step *= layer.strides[axis]
        cells = looked[-1].output.shape[1 + axis]
        extent.append((centre - step / 2, centre - step / 2 + cells * step))
    (left, right), (top, bottom) = extent
    return left, top, right, bottom


def _backprop_dense(layer: layers.Dense, gradient: Any, inputs: Any) -> Any:
    # The gradient is turned, not the kernel, of which the exported graph would hold a second copy.
    turned = ops.matmul(layer.kernel, ops.transpose(gradient, (0, 2, 1)))
    return ops.transpose(turned, (0, 2, 1))


def _backprop_average_pool(layer: layers.GlobalAveragePooling2D, gradient: Any, inputs: Any) -> Any:
    rows, columns = inputs.shape[1:3]
    return ops.tile(gradient[:, :, None, None] / (rows * columns), (1, 1, rows, columns, 1))


def _backprop_flatten(layer: layers.Flatten, gradient: Any, inputs: Any) -> Any:
    return ops.reshape(gradient, (-1, gradient.shape[1], *inputs.shape[1:]))


def _backprop_convolution(layer: layers.Conv2D, gradient: Any, inputs: Any) -> Any:
    classes = gradient.shape[1]
    flat = ops.reshape(gradient, (-1, *gradient.shape[2:]))
    back = ops.conv_transpose(flat, layer.kernel, strides=layer.strides, padding=layer.padding)
    return ops.reshape(back, (-1, classes, *inputs.shape[1:]))


_BACKPROP_RULES = {
    layers.Dense: _backprop_dense,
    layers.Flatten: _backprop_flatten,
    layers.GlobalAveragePooling2D: _backprop_average_pool,
    layers.Conv2D: _backprop_convolution,
}
# The slope of an activation, by what it gave.
_ACTIVATION_SLOPES = {
    keras.activations.linear: ops.ones_like,
    keras.activations.relu: lambda made: ops.cast(made > 0, "float32"),
    keras.activations.elu: lambda made: ops.minimum(made, 0.0) + 1.0,  # exp(x) is what it gave and 1, below zero
}


def with_grad_cam(model: keras.Sequential) -> keras.Model:
    """Wrap a trained sequential classifier so that one call gives logits, probabilities and maps.

    Raises
    ------
    RecipeError
        The tail of the model has a layer whose gradient is not known here.
    """
    image = keras.Input(model.input_shape[1:], name="image")
    return keras.Model(image, GradCAMLayer(model)(image), name=f"{model.name}_explained")
