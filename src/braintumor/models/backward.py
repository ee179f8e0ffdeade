"""Backward: for each ONNX operator these networks use, the nodes that carry a gradient from its output to its inputs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from braintumor.errors import RecipeError
from braintumor.models.tape import Tape

# Inputs of a node with the names of their gradients.
Ways = list[tuple[str, str]]
Rule = Callable[[Tape, NodeProto, str], Ways]


def back(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Write the gradients at the inputs of a node for that at its output.

    Raises
    ------
    RecipeError
        No gradient of such a node is known here.
    """
    if node.op_type not in _RULES:
        raise RecipeError(f"No gradient of {node.op_type} is known; add it to models/backward.py.")
    return _RULES[node.op_type](tape, node, gradient)


def attributes(node: NodeProto) -> dict[str, Any]:
    """Attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _convolution(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """A transposed convolution with the same kernel; pixels at the end that no window reached are padded on."""
    given = attributes(node)
    _refuse(given.get("auto_pad", b"NOTSET") != b"NOTSET" or node.input[1] in tape.moved, node)
    kernel, pads = tape.shapes[node.input[1]][2:], given.get("pads", [0, 0, 0, 0])
    strides, dilations = given.get("strides", [1, 1]), given.get("dilations", [1, 1])
    windows = [dilations[i] * (kernel[i] - 1) + 1 - pads[i] - pads[i + 2] for i in range(2)]
    left = _left_over(tape, node, windows, strides)
    inputs = [gradient, node.input[1]]
    sides = {"strides": strides, "dilations": dilations, "pads": pads, "output_padding": left}
    return [(node.input[0], tape.add("ConvTranspose", inputs, group=given.get("group", 1), **sides))]


def _average_pool(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    given = attributes(node)
    _refuse(any(given.get("pads", [])) or bool(given.get("ceil_mode", 0)), node)
    window, strides, channels = given["kernel_shape"], given.get("strides", [1, 1]), tape.shapes[node.input[0]][1]
    kernel = tape.constant(np.full((channels, 1, *window), 1 / np.prod(window), np.float32))
    left = _left_over(tape, node, window, strides)
    sides = {"strides": strides, "output_padding": left}
    return [(node.input[0], tape.add("ConvTranspose", [gradient, kernel], group=channels, **sides))]


def _max_pool(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Back to where each maximum came from, which the forward pooling is asked to say."""
    given = attributes(node)
    _refuse(list(given.get("strides", [1, 1])) != list(given["kernel_shape"]) or any(given.get("pads", [])), node)
    indices = f"{node.output[0]}/indices"
    node.output.append(indices)
    shape = tape.constant(np.array(tape.shapes[node.input[0]], np.int64))
    sides = {name: given[name] for name in ("kernel_shape", "strides")}
    return [(node.input[0], tape.add("MaxUnpool", [gradient, indices, shape], **sides))]


def _left_over(tape: Tape, node: NodeProto, window: list[int], strides: list[int]) -> list[int]:
    """Rows and columns of a node's input beyond its last window."""
    size, made = tape.shapes[node.input[0]][2:], tape.shapes[node.output[0]][2:]
    return [size[i] - (made[i] - 1) * strides[i] - window[i] for i in range(2)]


def _rectifier(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    zero = tape.constant(np.zeros((), np.float32))
    return [(node.input[0], tape.add("Where", [tape.add("Greater", [node.output[0], zero]), gradient, zero]))]


def _clip(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    _refuse(len(node.input) != 3 or not all(node.input), node)
    above, below = (tape.add(how, [node.output[0], node.input[i]]) for i, how in ((1, "Greater"), (2, "Less")))
    inside = tape.add("And", [above, below])
    return [(node.input[0], tape.add("Where", [inside, gradient, tape.constant(np.zeros((), np.float32))]))]


def _reduction(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Spread over the cells that were summed or averaged."""
    shape = tape.shapes[node.input[0]]
    if node.op_type == "GlobalAveragePool":
        axes = list(range(2, len(shape)))
    elif len(node.input) > 1:
        axes = [int(axis) % len(shape) for axis in tape.constants[node.input[1]]]
    else:
        axes = [axis % len(shape) for axis in attributes(node)["axes"]]
    spread = [side if axis in axes else 1 for axis, side in enumerate(shape)]
    share = 1.0 if node.op_type == "ReduceSum" else 1.0 / float(np.prod(spread))
    cell = tape.reshaped(gradient, [1 if axis in axes else side for axis, side in enumerate(shape)])
    return [(node.input[0], tape.add("Mul", [cell, tape.constant(np.full(spread, share, np.float32))]))]


def _sum(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Of a sum or a difference."""
    first, second = node.input
    ways = [(first, lambda: gradient)]
    ways.append((second, lambda: tape.add("Neg", [gradient]) if node.op_type == "Sub" else gradient))
    return _moved(tape, node, ways)


def _product(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Of a product, or of a quotient of what varies by what does not."""
    first, second = node.input
    _refuse(node.op_type == "Div" and second in tape.moved, node)
    ways = [(first, lambda: tape.add(node.op_type, [gradient, second]))]
    ways.append((second, lambda: tape.add("Mul", [gradient, first])))
    return _moved(tape, node, ways)


def _moved(tape: Tape, node: NodeProto, ways: list[tuple[str, Callable[[], str]]]) -> Ways:
    """Write the gradients of those inputs that are moved, in the shape each has."""
    made = tape.shapes[node.output[0]]
    return [(name, tape.gathered(way(), made, tape.shapes[name])) for name, way in ways if name in tape.moved]


def _matrices(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Of a product with a constant matrix on the right, with or without a constant added (`Gemm`)."""
    given = attributes(node)
    plain = given.get("alpha", 1.0) == 1.0 and not given.get("transA", 0) and node.input[0] in tape.moved
    _refuse(not plain or bool(tape.moved & set(node.input[1:])) or len(tape.shapes[node.input[1]]) != 2, node)
    matrix = node.input[1] if given.get("transB", 0) else tape.add("Transpose", [node.input[1]], perm=[1, 0])
    return [(node.input[0], tape.add("MatMul", [gradient, matrix]))]


def _reshaping(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    return [(node.input[0], tape.reshaped(gradient, tape.shapes[node.input[0]]))]


def _transposition(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    order = np.argsort(attributes(node)["perm"]).tolist()
    return [(node.input[0], tape.add("Transpose", [gradient], perm=order))]


def _tiling(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Summed over the copies."""
    shape, made = tape.shapes[node.input[0]], tape.shapes[node.output[0]]
    pairs = [side for own, wide in zip(shape, made, strict=True) for side in (wide // own, own)]
    return [(node.input[0], tape.summed(tape.reshaped(gradient, pairs), range(0, len(pairs), 2)))]


def _resizing(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Rows and columns are resized by a matrix each; back it goes by their transposes."""
    (rows, columns), (high, wide) = tape.shapes[node.input[0]][2:], tape.shapes[node.output[0]][2:]
    _refuse(len(tape.shapes[node.input[0]]) != 4, node)
    if (rows, columns) == (high, wide):
        return [(node.input[0], gradient)]
    down, across = (_resizing_matrix(node, *sides) for sides in ((rows, high), (columns, wide)))
    half = tape.add("MatMul", [tape.constant(np.ascontiguousarray(down.T)), gradient])
    return [(node.input[0], tape.add("MatMul", [half, tape.constant(across)]))]


def _resizing_matrix(node: NodeProto, count: int, wanted: int) -> NDArray[np.float32]:
    """What a `Resize` does to one axis, shape (wanted, count): its answer to each unit vector."""
    alike = {name: value for name, value in attributes(node).items() if name != "keep_aspect_ratio_policy"}
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
    units = np.eye(count, dtype=np.float32)[None, None]
    (matrix,) = session.run(None, {"units": units, "sizes": np.array([1, 1, wanted, count], np.int64)})
    return np.asarray(matrix[0, 0], np.float32)


def _refuse(unknown: bool, node: NodeProto) -> None:
    if unknown:
        raise RecipeError(f"No gradient of such a {node.op_type} is known; see models/backward.py for those that are.")


_RULES: Final[Mapping[str, Rule]] = {
    "Add": _sum,
    "AveragePool": _average_pool,
    "Clip": _clip,
    "Conv": _convolution,
    "Div": _product,
    "Flatten": _reshaping,
    "Gemm": _matrices,
    "GlobalAveragePool": _reduction,
    "MatMul": _matrices,
    "MaxPool": _max_pool,
    "Mul": _product,
    "ReduceMean": _reduction,
    "ReduceSum": _reduction,
    "Relu": _rectifier,
    "Reshape": _reshaping,
    "Resize": _resizing,
    "Squeeze": _reshaping,
    "Sub": _sum,
    "Tile": _tiling,
    "Transpose": _transposition,
    "Unsqueeze": _reshaping,
}
