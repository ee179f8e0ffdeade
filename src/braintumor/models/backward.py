"""Backward: for each ONNX operator these networks use, the nodes that carry a gradient from output to inputs."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from onnx import NodeProto

from braintumor.errors import RecipeError
from braintumor.models.backward_windows import average_pool, convolution, max_pool, resizing
from braintumor.models.tape import Tape, Ways, attributes, refuse

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


def _rectifier(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    zero = tape.constant(np.zeros((), np.float32))
    return [(node.input[0], tape.add("Where", [tape.add("Greater", [node.output[0], zero]), gradient, zero]))]


def _exponential(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    """Of an exponential linear unit: below zero its slope is its value and alpha."""
    zero, alpha = (tape.constant(np.array(v, np.float32)) for v in (0.0, attributes(node).get("alpha", 1.0)))
    below = tape.add("Mul", [gradient, tape.add("Add", [node.output[0], alpha])])
    return [(node.input[0], tape.add("Where", [tape.add("Greater", [node.output[0], zero]), gradient, below]))]


def _clip(tape: Tape, node: NodeProto, gradient: str) -> Ways:
    refuse(len(node.input) != 3 or not all(node.input), node)
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
    refuse(node.op_type == "Div" and second in tape.moved, node)
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
    refuse(not plain or bool(tape.moved & set(node.input[1:])) or len(tape.shapes[node.input[1]]) != 2, node)
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


_RULES: Final[Mapping[str, Rule]] = {
    "Add": _sum,
    "AveragePool": average_pool,
    "Clip": _clip,
    "Conv": convolution,
    "Div": _product,
    "Elu": _exponential,
    "Flatten": _reshaping,
    "Gemm": _matrices,
    "GlobalAveragePool": _reduction,
    "MatMul": _matrices,
    "MaxPool": max_pool,
    "Mul": _product,
    "ReduceMean": _reduction,
    "ReduceSum": _reduction,
    "Relu": _rectifier,
    "Reshape": _reshaping,
    "Resize": resizing,
    "Squeeze": _reshaping,
    "Sub": _sum,
    "Tile": _tiling,
    "Transpose": _transposition,
    "Unsqueeze": _reshaping,
}
