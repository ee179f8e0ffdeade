"""Tape: the nodes of a backward pass as they are written, and what is known of the pass they go back over."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from braintumor.errors import RecipeError

# Inputs of a node with the names of their gradients.
Ways = list[tuple[str, str]]


class Tape:
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
        self, shapes: Mapping[str, tuple[int, ...]], constants: Mapping[str, NDArray[Any]], moved: set[str]
    ) -> None:
        self.shapes, self.constants, self.moved = shapes, dict(constants), moved
        self.nodes: list[NodeProto] = []
        self._count = 0

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        output = self._new()
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, value: NDArray[Any]) -> str:
        """Name of a new constant."""
        name = self._new()
        self.constants[name] = value
        return name

    def total(self, gradients: Sequence[str]) -> str:
        """Sum of what reached one tensor on several ways."""
        return gradients[0] if len(gradients) == 1 else self.add("Sum", gradients)

    def reshaped(self, gradient: str, shape: Sequence[int]) -> str:
        """The gradient in another shape of as many numbers."""
        return self.add("Reshape", [gradient, self.constant(np.array(shape, np.int64))])

    def summed(self, gradient: str, axes: Sequence[int]) -> str:
        """The gradient summed over axes, which vanish."""
        return self.add("ReduceSum", [gradient, self.constant(np.array(axes, np.int64))], keepdims=0)

    def gathered(self, gradient: str, made: tuple[int, ...], shape: tuple[int, ...]) -> str:
        """The gradient of shape `made` summed over what was repeated to make it of `shape` (numpy's broadcasting)."""
        if made == shape:
            return gradient
        padded = (1,) * (len(made) - len(shape)) + shape
        repeated = [axis for axis, (wide, own) in enumerate(zip(made, padded, strict=True)) if wide != own]
        return self.reshaped(self.summed(gradient, repeated) if repeated else gradient, shape)

    def name(self, given: str, wanted: str) -> None:
        """Give a tensor its final name."""
        self.nodes.append(helper.make_node("Identity", [given], [wanted]))

    def _new(self) -> str:
        self._count += 1
        return f"backward/{self._count}"


def attributes(node: NodeProto) -> dict[str, Any]:
    """Attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def refuse(unknown: bool, node: NodeProto) -> None:
    """Refuse a node of a kind whose gradient is not known.

    Raises
    ------
    RecipeError
        Where `unknown`.
    """
    if unknown:
        raise RecipeError(f"No gradient of such a {node.op_type} is known; models/backward.py says of which it is.")
