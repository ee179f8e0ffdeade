"""FLOPs of one forward pass: multiply-adds of a served ONNX graph, counted from the shapes of its tensors."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, shape_inference
from onnx.utils import Extractor

from braintumor.inference.detector import LOGITS

Shapes = Mapping[str, Sequence[int]]

# Two operations, a product and a sum, for every multiply-add; biases, activations and pooling are not counted.
_EACH: Final = 2
_COUNTED: Final = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def flops(path: Path) -> int:
    """Floating point operations from one frame to the logits: twice the multiply-adds of its products.

    What is served beside the logits (maps, a mask that the logits do not depend on) is cut away first, so that
    versions with and without such outputs are counted alike.

    Parameters
    ----------
    path : Path
        An ONNX model whose first input is a batch of frames and which has an output `logits`.
    """
    graph = _cut(onnx.load(path))
    shapes = _shapes(graph)
    return sum(_EACH * multiply_adds(node, shapes) for node in graph.graph.node if node.op_type in _COUNTED)


def multiply_adds(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Multiply-adds of one node, from the shapes of its inputs and its output."""
    first, second = (shapes[name] for name in node.input[:2])
    if node.op_type == "ConvTranspose":  # every input value meets the kernel of each output channel of its group
        return math.prod(first) * math.prod(second[1:])
    made = math.prod(shapes[node.output[0]])
    if node.op_type == "Conv":  # the kernel has the input channels of one group only
        return made * math.prod(second[1:])
    if node.op_type == "Gemm" and any(a.name == "transA" and a.i for a in node.attribute):
        return made * first[-2]
    return made * first[-1]


def _cut(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph from one frame to its logits."""
    cut = Extractor(model).extract_model([model.graph.input[0].name], [LOGITS])
    for value in (cut.graph.input[0], cut.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    return cut


def _shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor that a counted node reads or writes."""
    known: dict[str, tuple[int, ...]] = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    inferred = shape_inference.infer_shapes(model, data_prop=True).graph
    for value in (*inferred.value_info, *inferred.input, *inferred.output):
        sizes = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(size.HasField("dim_value") for size in sizes):
            known[value.name] = tuple(size.dim_value for size in sizes)
    nodes = [node for node in model.graph.node if node.op_type in _COUNTED]
    unknown = {name for node in nodes for name in (*node.input[:2], node.output[0])} - known.keys()
    return known | _run(model, sorted(unknown))


def _run(model: onnx.ModelProto, names: list[str]) -> dict[str, tuple[int, ...]]:
    """Shapes that inference cannot know, since a graph computes them, are seen by running it on an empty frame."""
    if not names:
        return {}
    seen = onnx.ModelProto()
    seen.CopyFrom(model)
    made = {output.name for output in model.graph.output}
    seen.graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names if name not in made
    )
    session = onnxruntime.InferenceSession(seen.SerializeToString(), providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    found: list[Any] = session.run(names, {given.name: np.zeros(given.shape, np.float32)})
    return {name: tuple(value.shape) for name, value in zip(names, found, strict=True)}
