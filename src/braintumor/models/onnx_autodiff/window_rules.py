"""The way back through operators that look through windows: convolutions, poolings, resizing."""

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from braintumor.models.onnx_autodiff.builder import GradientGraph, InputGradients, get_attributes, refuse_unsupported


def conv_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """A transposed convolution with the same kernel; pixels at the end that no window reached are padded on."""
    given = get_attributes(node)
    refuse_unsupported(given.get("auto_pad", b"NOTSET") != b"NOTSET" or node.input[1] in tape.depends_on_input, node)
    kernel, pads = tape.shapes[node.input[1]][2:], given.get("pads", [0, 0, 0, 0])
    strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
    windows = [dilations[i] * (kernel[i] - 1) + 1 - pads[i] - pads[i + 2] for i in range(2)]
    left = _output_padding(tape, node, windows, strides)
    inputs = [gradient, node.input[1]]
    sides = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": left}
    return [(node.input[0], tape.add("ConvTranspose", inputs, group=given.get("group", 1), **sides))]


def average_pool_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Every cell shared out over its window."""
    given = get_attributes(node)
    refuse_unsupported(any(given.get("pads", [])) or bool(given.get("ceil_mode", 0)), node)
    window, strides, channels = given["kernel_shape"], given.get("strides", [1, 1]), tape.shapes[node.input[0]][1]
    kernel = tape.constant(np.full((channels, 1, *window), 1 / np.prod(window), np.float32))
    left = _output_padding(tape, node, window, strides)
    sides = {"strides": strides, "output_padding": left}
    return [(node.input[0], tape.add("ConvTranspose", [gradient, kernel], group=channels, **sides))]


def max_pool_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Back to where each maximum came from, which the forward pooling is asked to say."""
    given = get_attributes(node)
    refuse_unsupported(
        list(given.get("strides", [1, 1])) != list(given["kernel_shape"]) or any(given.get("pads", [])), node
    )
    indices = f"{node.output[0]}/indices"
    node.output.append(indices)
    shape = tape.constant(np.array(tape.shapes[node.input[0]], np.int64))
    sides = {name: given[name] for name in ("kernel_shape", "strides")}
    return [(node.input[0], tape.add("MaxUnpool", [gradient, indices, shape], **sides))]


def _output_padding(tape: GradientGraph, node: NodeProto, window: list[int], strides: list[int]) -> list[int]:
    """Rows and columns of a node's input beyond its last window."""
    size, made = tape.shapes[node.input[0]][2:], tape.shapes[node.output[0]][2:]
    return [size[i] - (made[i] - 1) * strides[i] - window[i] for i in range(2)]


def resize_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Rows and columns are resized by a matrix each; back it goes by their transposes."""
    (rows, columns), (high, wide) = tape.shapes[node.input[0]][2:], tape.shapes[node.output[0]][2:]
    refuse_unsupported(len(tape.shapes[node.input[0]]) != 4, node)
    if (rows, columns) == (high, wide):
        return [(node.input[0], gradient)]
    down, across = (_resize_matrix(node, *sides) for sides in ((rows, high), (columns, wide)))
    half = tape.add("MatMul", [tape.constant(np.ascontiguousarray(down.T)), gradient])
    return [(node.input[0], tape.add("MatMul", [half, tape.constant(across)]))]


def _resize_matrix(node: NodeProto, input_size: int, output_size: int) -> NDArray[np.float32]:
    """What a `Resize` does to one axis, shape (wanted, count): its answer to each unit vector."""
    alike = {name: value for name, value in get_attributes(node).items() if name != "keep_aspect_ratio_policy"}
    resize = helper.make_node("Resize", ["units", "", "", "sizes"], ["matrix"], **alike)
    kinds = {"units": TensorProto.FLOAT, "sizes": TensorProto.INT64}
    inputs = [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
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
