"""Gradient rules of operators with sliding windows (convolution, pooling) and of resizing."""

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from braintumor.models.onnx_autodiff.builder import GradientGraph, InputGradients, get_attributes, refuse_unsupported


def conv_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Convolution: a transposed convolution with the same kernel, padded where no window reached the last pixels."""
    attributes = get_attributes(node)
    has_auto_pad = attributes.get("auto_pad", b"NOTSET") != b"NOTSET"
    refuse_unsupported(has_auto_pad or node.input[1] in backward.depends_on_input, node)
    kernel, pads = backward.shapes[node.input[1]][2:], attributes.get("pads", [0, 0, 0, 0])
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    windows = [dilations[i] * (kernel[i] - 1) + 1 - pads[i] - pads[i + 2] for i in range(2)]
    output_padding = _output_padding(backward, node, windows, strides)
    inputs = [gradient, node.input[1]]
    options = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": output_padding}
    return [(node.input[0], backward.add("ConvTranspose", inputs, group=attributes.get("group", 1), **options))]


def average_pool_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Average pooling: spread each cell over its window."""
    attributes = get_attributes(node)
    refuse_unsupported(any(attributes.get("pads", [])) or bool(attributes.get("ceil_mode", 0)), node)
    window, strides = attributes["kernel_shape"], attributes.get("strides", [1, 1])
    channels = backward.shapes[node.input[0]][1]
    kernel = backward.constant(np.full((channels, 1, *window), 1 / np.prod(window), np.float32))
    output_padding = _output_padding(backward, node, window, strides)
    options = {"strides": strides, "output_padding": output_padding}
    return [(node.input[0], backward.add("ConvTranspose", [gradient, kernel], group=channels, **options))]


def max_pool_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Max pooling: back to the position of each maximum, which becomes a second output of the forward node."""
    attributes = get_attributes(node)
    overlaps = list(attributes.get("strides", [1, 1])) != list(attributes["kernel_shape"])
    refuse_unsupported(overlaps or any(attributes.get("pads", [])), node)
    indices = f"{node.output[0]}/indices"
    node.output.append(indices)
    shape = backward.constant(np.array(backward.shapes[node.input[0]], np.int64))
    options = {name: attributes[name] for name in ("kernel_shape", "strides")}
    return [(node.input[0], backward.add("MaxUnpool", [gradient, indices, shape], **options))]


def resize_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Resizing: it multiplies rows and columns by a matrix each, so the gradient is multiplied by their transposes."""
    (rows, columns), (new_rows, new_columns) = (backward.shapes[name][2:] for name in (node.input[0], node.output[0]))
    refuse_unsupported(len(backward.shapes[node.input[0]]) != 4, node)
    if (rows, columns) == (new_rows, new_columns):
        return [(node.input[0], gradient)]
    row_matrix, column_matrix = (_resize_matrix(node, *sizes) for sizes in ((rows, new_rows), (columns, new_columns)))
    transposed = backward.constant(np.ascontiguousarray(row_matrix.T))
    partial = backward.add("MatMul", [transposed, gradient])
    return [(node.input[0], backward.add("MatMul", [partial, backward.constant(column_matrix)]))]


def _output_padding(backward: GradientGraph, node: NodeProto, window: list[int], strides: list[int]) -> list[int]:
    """Return the number of rows and columns of a node's input after its last window."""
    size, output_size = backward.shapes[node.input[0]][2:], backward.shapes[node.output[0]][2:]
    return [size[i] - (output_size[i] - 1) * strides[i] - window[i] for i in range(2)]


def _resize_matrix(node: NodeProto, input_size: int, output_size: int) -> NDArray[np.float32]:
    """Return the matrix (output_size, input_size) of a `Resize` along one axis, by resizing the unit vectors."""
    options = {name: value for name, value in get_attributes(node).items() if name != "keep_aspect_ratio_policy"}
    resize = helper.make_node("Resize", ["units", "", "", "sizes"], ["matrix"], **options)
    types = {"units": TensorProto.FLOAT, "sizes": TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in types.items()]
    outputs = [helper.make_tensor_value_info("matrix", TensorProto.FLOAT, None)]
    model = helper.make_model(
        helper.make_graph([resize], "resize", inputs, outputs),
        opset_imports=[helper.make_opsetid("", 15)],
        ir_version=9,
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    units = np.eye(input_size, dtype=np.float32)[None, None]
    (matrix,) = session.run(None, {"units": units, "sizes": np.array([1, 1, output_size, input_size], np.int64)})
    return np.asarray(matrix[0, 0], np.float32)
