"""Sheet: a small ONNX graph as it is written, node by node."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Shape = tuple[int, ...]
_AXES_AS_INPUT: Final = 18  # from this version of the operators on, reductions are told their axes so


class Sheet:
    """Nodes and constants of a graph.

    Parameters
    ----------
    prefix : str
        Under which its inner names stand, so that it can be merged with others.
    opset : int
        Version of ONNX's operators.
    """

    def __init__(self, prefix: str, opset: int) -> None:
        self.prefix, self.opset = prefix, opset
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output; returns the output's name."""
        name = output or f"{self.prefix}/{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=f"{name}:node", **attributes))
        return name

    def constant(self, value: Any, kind: type = np.float32) -> str:
        """Name of a new constant."""
        name = f"{self.prefix}/constant/{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def reduced(self, operator: str, given: str, axes: list[int]) -> str:
        """Add a reduction over axes, which stay as ones."""
        if self.opset < _AXES_AS_INPUT:
            return self.add(operator, given, axes=axes, keepdims=1)
        return self.add(operator, given, self.constant(axes, np.int64), keepdims=1)

    def total(self, terms: Sequence[str]) -> str:
        """Sum of one or more tensors."""
        whole = terms[0]
        for term in terms[1:]:
            whole = self.add("Add", whole, term)
        return whole

    def model(self, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> ModelProto:
        """All that was written, of any number of images; shapes are without that number."""
        taken, given = ([_value(name, shape) for name, shape in some.items()] for some in (inputs, outputs))
        graph = helper.make_graph(self.nodes, self.prefix, taken, given, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])


def _value(name: str, shape: Shape) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape])
