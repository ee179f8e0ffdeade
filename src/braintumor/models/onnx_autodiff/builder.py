"""Nodes of the backward pass while they are written, with shapes and constants of the forward pass."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from braintumor.errors import RecipeError

# Pairs of a node's input and the name of its gradient.
InputGradients = list[tuple[str, str]]


class GradientGraph:
    """Nodes of a backward pass.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of every tensor of the forward pass.
    constants : mapping of str to ndarray
        Constants of the forward pass. Those of the backward pass are added to the attribute of this name.
    depends_on_input : set of str
        Tensors that depend on the input; only these get a gradient.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, NDArray[Any]], depends_on_input: set[str]
    ) -> None:
        self.shapes, self.constants, self.depends_on_input = shapes, dict(constants), depends_on_input
        self.nodes: list[NodeProto] = []
        self._count = 0

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output and return the output's name."""
        output = self._new_name()
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        """Add a constant and return its name."""
        name = self._new_name()
        self.constants[name] = value
        return name

    def add_gradients(self, gradients: Sequence[str]) -> str:
        """Sum the gradients that reach one tensor from several nodes."""
        return gradients[0] if len(gradients) == 1 else self.add("Sum", gradients)

    def reshape(self, gradient: str, shape: Sequence[int]) -> str:
        """Reshape a gradient."""
        return self.add("Reshape", [gradient, self.constant(np.array(shape, np.int64))])

    def reduce_sum(self, gradient: str, axes: Sequence[int]) -> str:
        """Sum a gradient over axes and remove them."""
        return self.add("ReduceSum", [gradient, self.constant(np.array(axes, np.int64))], keepdims=0)

    def unbroadcast(self, gradient: str, output_shape: tuple[int, ...], input_shape: tuple[int, ...]) -> str:
        """Sum a gradient over the axes along which the input was broadcast to the output shape."""
        if output_shape == input_shape:
            return gradient
        padded = (1,) * (len(output_shape) - len(input_shape)) + input_shape
        repeated = [axis for axis, (size, own) in enumerate(zip(output_shape, padded, strict=True)) if size != own]
        return self.reshape(self.reduce_sum(gradient, repeated) if repeated else gradient, input_shape)

    def name_output(self, tensor: str, output: str) -> None:
        """Give a tensor its final name."""
        self.nodes.append(helper.make_node("Identity", [tensor], [output]))

    def _new_name(self) -> str:
        self._count += 1
        return f"backward/{self._count}"


def get_attributes(node: NodeProto) -> dict[str, Any]:
    """Return the attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def refuse_unsupported(unsupported: bool, node: NodeProto) -> None:
    """Raise an error if a node uses options without a gradient rule.

    Raises
    ------
    RecipeError
        `unsupported` is true.
    """
    if unsupported:
        raise RecipeError(
            f"The gradient rule for {node.op_type} does not support the options of node {node.name or 'without name'}; "
            "see models/onnx_autodiff."
        )
