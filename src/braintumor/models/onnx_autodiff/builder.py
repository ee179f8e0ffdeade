"""Tape: the nodes of a backward pass as they are written, and what is known of the pass they go back over."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from braintumor.errors import RecipeError

# Inputs of a node with the names of their gradients.
InputGradients = list[tuple[str, str]]


class GradientGraph:
    """Nodes of a backward pass.

    Parameters
    ----------
    shapes : mapping of str to tuple of int
        Shape of every tensor of the forward pass.
    constants : mapping of str to ndarray
        Its constants; those of the backward pass join them in `constants`.
    moved : set of str
        Tensors that the input moves: only these get a gradient.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, NDArray[Any]], depends_on_input: set[str]
    ) -> None:
        self.shapes, self.constants, self.depends_on_input = shapes, dict(constants), depends_on_input
        self.nodes: list[NodeProto] = []
        self._count = 0

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        output = self._new_name()
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        """Name of a new constant."""
        name = self._new_name()
        self.constants[name] = value
        return name

    def add_gradients(self, gradients: Sequence[str]) -> str:
        """Sum of what reached one tensor on several ways."""
        return gradients[0] if len(gradients) == 1 else self.add("Sum", gradients)

    def reshape(self, gradient: str, shape: Sequence[int]) -> str:
        """The gradient in another shape of as many numbers."""
        return self.add("Reshape", [gradient, self.constant(np.array(shape, np.int64))])

    def reduce_sum(self, gradient: str, axes: Sequence[int]) -> str:
        """The gradient summed over axes, which vanish."""
        return self.add("ReduceSum", [gradient, self.constant(np.array(axes, np.int64))], keepdims=0)

    def unbroadcast(self, gradient: str, output_shape: tuple[int, ...], input_shape: tuple[int, ...]) -> str:
        """The gradient of shape `made` summed over what was repeated to make it of `shape` (numpy's broadcasting)."""
        if output_shape == input_shape:
            return gradient
        padded = (1,) * (len(output_shape) - len(input_shape)) + input_shape
        repeated = [axis for axis, (wide, own) in enumerate(zip(output_shape, padded, strict=True)) if wide != own]
        return self.reshape(self.reduce_sum(gradient, repeated) if repeated else gradient, input_shape)

    def name_output(self, tensor: str, output: str) -> None:
        """Give a tensor its final name."""
        self.nodes.append(helper.make_node("Identity", [tensor], [output]))

    def _new_name(self) -> str:
        self._count += 1
        return f"backward/{self._count}"


def get_attributes(node: NodeProto) -> dict[str, Any]:
    """Attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def refuse_unsupported(unsupported: bool, node: NodeProto) -> None:
    """Refuse a node of a kind whose gradient is not known.

    Raises
    ------
    RecipeError
        Where `unknown`.
    """
    if unsupported:
        raise RecipeError(f"No gradient of such a {node.op_type} is known; models/backward.py says of which it is.")
