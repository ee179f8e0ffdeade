"""Gradient rules: for each ONNX operator of these networks, the nodes that propagate a gradient to its inputs."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from onnx import NodeProto

from braintumor.errors import RecipeError
from braintumor.models.onnx_autodiff.builder import GradientGraph, InputGradients, get_attributes, refuse_unsupported
from braintumor.models.onnx_autodiff.window_rules import average_pool_vjp, conv_vjp, max_pool_vjp, resize_vjp

VjpRule = Callable[[GradientGraph, NodeProto, str], InputGradients]


def vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Add the gradients at the inputs of a node, given the gradient at its output.

    Raises
    ------
    RecipeError
        The operator has no gradient rule.
    """
    if node.op_type not in _VJP_RULES:
        raise RecipeError(f"There is no gradient rule for {node.op_type}; add one in models/onnx_autodiff/rules.py.")
    return _VJP_RULES[node.op_type](backward, node, gradient)


def _relu_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    zero = backward.constant(np.zeros((), np.float32))
    is_positive = backward.add("Greater", [node.output[0], zero])
    return [(node.input[0], backward.add("Where", [is_positive, gradient, zero]))]


def _elu_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Exponential linear unit: below zero its slope is its value plus alpha."""
    zero, alpha = (backward.constant(np.array(v, np.float32)) for v in (0.0, get_attributes(node).get("alpha", 1.0)))
    below = backward.add("Mul", [gradient, backward.add("Add", [node.output[0], alpha])])
    is_positive = backward.add("Greater", [node.output[0], zero])
    return [(node.input[0], backward.add("Where", [is_positive, gradient, below]))]


def _abs_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    return [(node.input[0], backward.add("Mul", [gradient, backward.add("Sign", [node.input[0]])]))]


def _clip_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    refuse_unsupported(len(node.input) != 3 or not all(node.input), node)
    above, below = (
        backward.add(operator, [node.output[0], node.input[i]]) for i, operator in ((1, "Greater"), (2, "Less"))
    )
    inside = backward.add("And", [above, below])
    return [(node.input[0], backward.add("Where", [inside, gradient, backward.constant(np.zeros((), np.float32))]))]


def _reduce_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Sum or mean: spread the gradient over the reduced cells."""
    shape = backward.shapes[node.input[0]]
    if node.op_type == "GlobalAveragePool":
        axes = list(range(2, len(shape)))
    elif len(node.input) > 1:
        axes = [int(axis) % len(shape) for axis in backward.constants[node.input[1]]]
    else:
        axes = [axis % len(shape) for axis in get_attributes(node)["axes"]]
    spread = [size if axis in axes else 1 for axis, size in enumerate(shape)]
    weight = 1.0 if node.op_type == "ReduceSum" else 1.0 / float(np.prod(spread))
    cell = backward.reshape(gradient, [1 if axis in axes else size for axis, size in enumerate(shape)])
    return [(node.input[0], backward.add("Mul", [cell, backward.constant(np.full(spread, weight, np.float32))]))]


def _add_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Sum or difference."""
    first, second = node.input
    return _unbroadcast_inputs(
        backward,
        node,
        [
            (first, lambda: gradient),
            (second, lambda: backward.add("Neg", [gradient]) if node.op_type == "Sub" else gradient),
        ],
    )


def _mul_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Product, or quotient with a constant denominator."""
    first, second = node.input
    refuse_unsupported(node.op_type == "Div" and second in backward.depends_on_input, node)
    return _unbroadcast_inputs(
        backward,
        node,
        [
            (first, lambda: backward.add(node.op_type, [gradient, second])),
            (second, lambda: backward.add("Mul", [gradient, first])),
        ],
    )


def _unbroadcast_inputs(
    backward: GradientGraph, node: NodeProto, input_gradients: list[tuple[str, Callable[[], str]]]
) -> InputGradients:
    """Add the gradients of the inputs that depend on the image, each in its own shape."""
    output_shape = backward.shapes[node.output[0]]
    return [
        (name, backward.unbroadcast(add_gradient(), output_shape, backward.shapes[name]))
        for name, add_gradient in input_gradients
        if name in backward.depends_on_input
    ]


def _matmul_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Product with a constant matrix on the right, with or without a constant summand (`Gemm`)."""
    attributes, dependent = get_attributes(node), backward.depends_on_input
    is_plain = attributes.get("alpha", 1.0) == 1.0 and not attributes.get("transA", 0) and node.input[0] in dependent
    is_matrix = len(backward.shapes[node.input[1]]) == 2
    refuse_unsupported(not is_plain or bool(dependent & set(node.input[1:])) or not is_matrix, node)
    matrix = node.input[1] if attributes.get("transB", 0) else backward.add("Transpose", [node.input[1]], perm=[1, 0])
    return [(node.input[0], backward.add("MatMul", [gradient, matrix]))]


def _reshape_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    return [(node.input[0], backward.reshape(gradient, backward.shapes[node.input[0]]))]


def _transpose_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    order = np.argsort(get_attributes(node)["perm"]).tolist()
    return [(node.input[0], backward.add("Transpose", [gradient], perm=order))]


def _tile_vjp(backward: GradientGraph, node: NodeProto, gradient: str) -> InputGradients:
    """Tile: sum over the copies."""
    input_shape, output_shape = backward.shapes[node.input[0]], backward.shapes[node.output[0]]
    pairs = [size for own, tiled in zip(input_shape, output_shape, strict=True) for size in (tiled // own, own)]
    return [(node.input[0], backward.reduce_sum(backward.reshape(gradient, pairs), range(0, len(pairs), 2)))]


_VJP_RULES: Final[Mapping[str, VjpRule]] = {
    "Abs": _abs_vjp,
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
