"""Backward: for each ONNX operator these networks use, the nodes that carry a gradient from output to inputs."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from onnx import NodeProto

from braintumor.errors import RecipeError
from braintumor.models.onnx_autodiff.builder import GradientGraph, InputGradients, get_attributes, refuse_unsupported
from braintumor.models.onnx_autodiff.window_rules import average_pool_vjp, conv_vjp, max_pool_vjp, resize_vjp

VjpRule = Callable[[GradientGraph, NodeProto, str], InputGradients]


def vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Write the gradients at the inputs of a node for that at its output.

    Raises
    ------
    RecipeError
        No gradient of such a node is known here.
    """
    if node.op_type not in _VJP_RULES:
        raise RecipeError(f"No gradient of {node.op_type} is known; add it to models/backward.py.")
    return _VJP_RULES[node.op_type](tape, node, gradient)


def _relu_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    zero = tape.constant(np.zeros((), np.float32))
    return [(node.input[0], tape.add("Where", [tape.add("Greater", [node.output[0], zero]), gradient, zero]))]


def _elu_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Of an exponential linear unit: below zero its slope is its value and alpha."""
    zero, alpha = (tape.constant(np.array(v, np.float32)) for v in (0.0, get_attributes(node).get("alpha", 1.0)))
    below = tape.add("Mul", [gradient, tape.add("Add", [node.output[0], alpha])])
    return [(node.input[0], tape.add("Where", [tape.add("Greater", [node.output[0], zero]), gradient, below]))]


def _clip_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    refuse_unsupported(len(node.input) != 3 or not all(node.input), node)
    above, below = (tape.add(how, [node.output[0], node.input[i]]) for i, how in ((1, "Greater"), (2, "Less")))
    inside = tape.add("And", [above, below])
    return [(node.input[0], tape.add("Where", [inside, gradient, tape.constant(np.zeros((), np.float32))]))]


def _reduce_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Spread over the cells that were summed or averaged."""
    shape = tape.shapes[node.input[0]]
    if node.op_type == "GlobalAveragePool":
        axes = list(range(2, len(shape)))
    elif len(node.input) > 1:
        axes = [int(axis) % len(shape) for axis in tape.constants[node.input[1]]]
    else:
        axes = [axis % len(shape) for axis in get_attributes(node)["axes"]]
    spread = [side if axis in axes else 1 for axis, side in enumerate(shape)]
    share = 1.0 if node.op_type == "ReduceSum" else 1.0 / float(np.prod(spread))
    cell = tape.reshape(gradient, [1 if axis in axes else side for axis, side in enumerate(shape)])
    return [(node.input[0], tape.add("Mul", [cell, tape.constant(np.full(spread, share, np.float32))]))]


def _add_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Of a sum or a difference."""
    first, second = node.input
    ways = [(first, lambda: gradient)]
    ways.append((second, lambda: tape.add("Neg", [gradient]) if node.op_type == "Sub" else gradient))
    return _unbroadcast_inputs(tape, node, ways)


def _mul_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Of a product, or of a quotient of what varies by what does not."""
    first, second = node.input
    refuse_unsupported(node.op_type == "Div" and second in tape.depends_on_input, node)
    ways = [(first, lambda: tape.add(node.op_type, [gradient, second]))]
    ways.append((second, lambda: tape.add("Mul", [gradient, first])))
    return _unbroadcast_inputs(tape, node, ways)


def _unbroadcast_inputs(
    tape: GradientGraph, node: NodeProto, input_gradients: list[tuple[str, Callable[[], str]]]
) -> InputGradients:
    """Write the gradients of those inputs that are moved, in the shape each has."""
    made = tape.shapes[node.output[0]]
    return [
        (name, tape.unbroadcast(way(), made, tape.shapes[name]))
        for name, way in input_gradients
        if name in tape.depends_on_input
    ]


def _matmul_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Of a product with a constant matrix on the right, with or without a constant added (`Gemm`)."""
    given = get_attributes(node)
    plain = given.get("alpha", 1.0) == 1.0 and not given.get("transA", 0) and node.input[0] in tape.depends_on_input
    refuse_unsupported(
        not plain or bool(tape.depends_on_input & set(node.input[1:])) or len(tape.shapes[node.input[1]]) != 2, node
    )
    matrix = node.input[1] if given.get("transB", 0) else tape.add("Transpose", [node.input[1]], perm=[1, 0])
    return [(node.input[0], tape.add("MatMul", [gradient, matrix]))]


def _reshape_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    return [(node.input[0], tape.reshape(gradient, tape.shapes[node.input[0]]))]


def _transpose_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    order = np.argsort(get_attributes(node)["perm"]).tolist()
    return [(node.input[0], tape.add("Transpose", [gradient], perm=order))]


def _tile_vjp(tape: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Summed over the copies."""
    shape, made = tape.shapes[node.input[0]], tape.shapes[node.output[0]]
    pairs = [side for own, wide in zip(shape, made, strict=True) for side in (wide // own, own)]
    return [(node.input[0], tape.reduce_sum(tape.reshape(gradient, pairs), range(0, len(pairs), 2)))]


_VJP_RULES: Final[Mapping[str, VjpRule]] = {
    "Add": _add_vjp,
    "AveragePool": average_pool_vjp,
    "Clip": _clip_vjp,
    "Conv": conv_vjp,
    "Div": _mul_vjp,
    "Elu": _elu_vjp,
    "Flatten": _reshape_vjp,
    "Gemm": _matmul_vjp,
    "GlobalAveragePool": _reduce_vjp,
    "MatMul": _matmul_vjp,
    "MaxPool": max_pool_vjp,
    "Mul": _mul_vjp,
    "ReduceMean": _reduce_vjp,
    "ReduceSum": _reduce_vjp,
    "Relu": _relu_vjp,
    "Reshape": _reshape_vjp,
    "Resize": resize_vjp,
    "Squeeze": _reshape_vjp,
    "Sub": _add_vjp,
    "Tile": _tile_vjp,
    "Transpose": _transpose_vjp,
    "Unsqueeze": _reshape_vjp,
}
