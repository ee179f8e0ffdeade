"""Gradient graph of an exported model: how much each pixel changes the tumour log-odds."""

import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.utils import Extractor

from braintumor.enums import CLASSES, TUMOR_INDICES, TumorClass
from braintumor.models.onnx_autodiff.builder import GradientGraph
from braintumor.models.onnx_autodiff.rules import vjp

GRADIENT_OUTPUT: Final = "gradient"
_IMAGE: Final = "image"
_LOGITS: Final = "logits"
# `MaskWeightedPooling` stops the gradient of the mask, which ONNX cannot express. In these networks a sigmoid is used
# for the mask only, so gradients stop there. The export compares the result with automatic differentiation.
_STOP_GRADIENT_OPS: Final = ("Sigmoid",)
# Constants with more values than this are stored in 16 bits: the few large matrices of the last layers. Rounding the
# first layers instead would switch ReLUs on or off.
_MIN_INT16_WEIGHTS: Final = 65_536


def build_gradient_onnx(content: bytes, *, int16_weights: bool = True) -> bytes:
    """Write the reverse-mode derivative of an exported model as ONNX, so that serving needs no differentiation.

    The differentiated value is the tumour log-odds of the class head: logsumexp(tumour logits) - logit of no tumour.
    Its gradient at the logits is the softmax over the tumour classes, and -1 for no tumour. Each operator on the path
    back to the image multiplies it by its Jacobian (Griewank and Walther 2008, chapter 3).

    Parameters
    ----------
    content : bytes
        ONNX with an input `image` (n, h, w, channels) and an output `logits` (n, classes).
    int16_weights : bool
        Store large weights in 16 bits, which halves the file size.

    Returns
    -------
    bytes
        ONNX with the same input, with n fixed to 1, and the output `gradient` (1, h, w, channels), float32.

    Raises
    ------
    RecipeError
        An operator has no gradient rule.
    """
    forward = _extract_logits_graph(onnx.load_from_string(content))
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in forward.graph.initializer}
    nodes = list(forward.graph.node)
    dependent_nodes, dependent_tensors = _find_dependent_nodes(nodes)
    backward = GradientGraph(_infer_shapes(forward), constants, dependent_tensors)
    gradients = {_LOGITS: [_add_logits_gradient(backward)]}
    for node in reversed(dependent_nodes):
        if node.output[0] in gradients:  # otherwise it does not lead to the logits
            for name, gradient in vjp(backward, node, backward.add_gradients(gradients.pop(node.output[0]))):
                gradients.setdefault(name, []).append(gradient)
    backward.name_output(backward.add_gradients(gradients[_IMAGE]), GRADIENT_OUTPUT)
    return _assemble_onnx(forward, nodes, backward, int16_weights=int16_weights)


def _extract_logits_graph(model: ModelProto) -> ModelProto:
    """Return the part of the graph that computes the logits of one image, with folded constants and fused layers."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]  # these shapes are for any number of images
    inferred = onnx.shape_inference.infer_shapes(model)
    part = Extractor(inferred).extract_model([_IMAGE], [_LOGITS])
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder) / "forward.onnx")
        onnxruntime.InferenceSession(part.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.load(options.optimized_model_filepath)


def _infer_shapes(model: ModelProto) -> dict[str, tuple[int, ...]]:
    graph = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        shapes[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return shapes


def _find_dependent_nodes(nodes: list[NodeProto]) -> tuple[list[NodeProto], set[str]]:
    """Return the nodes that depend on the image, in order, and all tensors that depend on it."""
    tensors, dependent = {_IMAGE}, []
    for node in nodes:
        if node.op_type not in _STOP_GRADIENT_OPS and tensors.intersection(node.input):
            tensors.update(node.output)
            dependent.append(node)
    return dependent, tensors


def _add_logits_gradient(backward: GradientGraph) -> str:
    """Add the gradient of the tumour log-odds at the logits (1, classes)."""
    tumor_only = np.array([0.0 if i in TUMOR_INDICES else -np.inf for i in range(len(CLASSES))], np.float32)
    no_tumor = np.array([float(c is TumorClass.NOTUMOR) for c in CLASSES], np.float32)
    tumor_logits = backward.add("Add", [_LOGITS, backward.constant(tumor_only)])
    return backward.add("Sub", [backward.add("Softmax", [tumor_logits], axis=-1), backward.constant(no_tumor)])


def _assemble_onnx(
    forward: ModelProto, nodes: list[NodeProto], backward: GradientGraph, *, int16_weights: bool
) -> bytes:
    """Combine forward and backward pass and the constants that they use."""
    initializers: list[TensorProto] = []
    unpacking: list[NodeProto] = []
    used = {name for node in (*nodes, *backward.nodes) for name in node.input}
    for name, value in backward.constants.items():
        if name in used and int16_weights and value.dtype == np.float32 and value.size > _MIN_INT16_WEIGHTS:
            packed = _pack_int16(name, value)
            initializers += packed
            unpacking += [
                helper.make_node("Cast", [packed[0].name], [f"{name}/whole"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}/whole", packed[1].name], [name]),
            ]
        elif name in used:
            initializers.append(numpy_helper.from_array(value, name))
    shape = backward.shapes[_IMAGE]
    graph = helper.make_graph(
        [*unpacking, *nodes, *backward.nodes],
        GRADIENT_OUTPUT,
        [helper.make_tensor_value_info(_IMAGE, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(GRADIENT_OUTPUT, TensorProto.FLOAT, shape)],
        initializers,
    )
    opset = next(entry.version for entry in forward.opset_import if not entry.domain)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=forward.ir_version)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _pack_int16(name: str, value: NDArray[np.float32]) -> tuple[TensorProto, TensorProto]:
    """Quantize weights to 16-bit integers with one scale per entry of the first axis; return integers and scales."""
    scale = np.abs(value).max(axis=tuple(range(1, value.ndim)), keepdims=True) / np.iinfo(np.int16).max
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    integers = np.rint(value / scale).astype(np.int16)
    return numpy_helper.from_array(integers, f"{name}/short"), numpy_helper.from_array(scale, f"{name}/worth")
