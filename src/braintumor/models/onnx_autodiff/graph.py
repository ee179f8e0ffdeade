"""The gradient graph: from an exported network to one that says how each pixel moves the log-odds of tumour."""

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
# In these networks a sigmoid only ever makes the mask, which the class takes as it is: `UnderMask` stops its gradient,
# for which ONNX has no word. Whoever exports compares the result with automatic differentiation.
_STOP_GRADIENT_OPS: Final = ("Sigmoid",)
# Weights of more numbers than this are kept in 16 bits: the few large matrices at the end, none of the first layers,
# whose rounding would turn rectifiers on or off.
_MIN_INT16_WEIGHTS: Final = 65_536


def build_gradient_onnx(content: bytes, *, int16_weights: bool = True) -> bytes:
    """Write reverse-mode differentiation out as ONNX, over an exported network, so that serving needs none.

    What is differentiated is the log-odds of tumour the class head gives, logsumexp(tumour logits) less the logit of no
    tumour; its gradient at the logits is the softmax over the tumours, and -1. From there every operator on the way
    back to the image adds the product with its Jacobian (Griewank and Walther 2008, chapter 3).

    Parameters
    ----------
    content : bytes
        ONNX with an input `image` (n, h, w, channels) and an output `logits` (n, classes).
    short : bool
        Keep large weights in 16 bits, which halves the file.

    Returns
    -------
    bytes
        ONNX with the same input, n fixed to one, and the output `gradient` (1, h, w, channels), float32.

    Raises
    ------
    RecipeError
        An operator on the way has no known gradient.
    """
    forward = _extract_logits_graph(onnx.load_from_string(content))
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in forward.graph.initializer}
    nodes = list(forward.graph.node)
    active, moved = _find_dependent_nodes(nodes)
    tape = GradientGraph(_infer_shapes(forward), values, moved)
    gradients = {_LOGITS: [_add_logits_gradient(tape)]}
    for node in reversed(active):
        if node.output[0] in gradients:  # else it leads elsewhere
            for name, gradient in vjp(tape, node, tape.add_gradients(gradients.pop(node.output[0]))):
                gradients.setdefault(name, []).append(gradient)
    tape.name_output(tape.add_gradients(gradients[_IMAGE]), GRADIENT_OUTPUT)
    return _assemble_onnx(forward, nodes, tape, int16_weights=int16_weights)


def _extract_logits_graph(model: ModelProto) -> ModelProto:
    """The part of the graph that leads to the logits of one image, its constants folded and its layers fused."""
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    del model.graph.value_info[:]  # they tell of any number of images
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
    known = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.value_info, *graph.input, *graph.output):
        known[value.name] = tuple(d.dim_value for d in value.type.tensor_type.shape.dim)
    return known


def _find_dependent_nodes(nodes: list[NodeProto]) -> tuple[list[NodeProto], set[str]]:
    """Nodes that the image moves, in order, and all tensors that it moves."""
    moved, active = {_IMAGE}, []
    for node in nodes:
        if node.op_type not in _STOP_GRADIENT_OPS and moved.intersection(node.input):
            moved.update(node.output)
            active.append(node)
    return active, moved


def _add_logits_gradient(tape: GradientGraph) -> str:
    """Gradient of the log-odds of tumour at the logits (1, classes)."""
    tumours = np.array([0.0 if i in TUMOR_INDICES else -np.inf for i in range(len(CLASSES))], np.float32)
    healthy = np.array([float(c is TumorClass.NOTUMOR) for c in CLASSES], np.float32)
    shares = tape.add("Softmax", [tape.add("Add", [_LOGITS, tape.constant(tumours)])], axis=-1)
    return tape.add("Sub", [shares, tape.constant(healthy)])


def _assemble_onnx(forward: ModelProto, nodes: list[NodeProto], tape: GradientGraph, *, int16_weights: bool) -> bytes:
    kept: list[TensorProto] = []
    unpacking: list[NodeProto] = []
    used = {name for node in (*nodes, *tape.nodes) for name in node.input}
    for name, value in tape.constants.items():
        if name in used and int16_weights and value.dtype == np.float32 and value.size > _MIN_INT16_WEIGHTS:
            packed = _pack_int16(name, value)
            kept += packed
            unpacking += [
                helper.make_node("Cast", [packed[0].name], [f"{name}/whole"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [f"{name}/whole", packed[1].name], [name]),
            ]
        elif name in used:
            kept.append(numpy_helper.from_array(value, name))
    shape = tape.shapes[_IMAGE]
    graph = helper.make_graph(
        [*unpacking, *nodes, *tape.nodes],
        GRADIENT_OUTPUT,
        [helper.make_tensor_value_info(_IMAGE, TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(GRADIENT_OUTPUT, TensorProto.FLOAT, shape)],
        kept,
    )
    opset = next(entry.version for entry in forward.opset_import if not entry.domain)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=forward.ir_version)
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def _pack_int16(name: str, value: NDArray[np.float32]) -> tuple[TensorProto, TensorProto]:
    """Weights as whole numbers of 16 bits, and what one of them is worth along each entry of the first axis."""
    worth = np.abs(value).max(axis=tuple(range(1, value.ndim)), keepdims=True) / np.iinfo(np.int16).max
    worth = np.maximum(worth, np.finfo(np.float32).tiny).astype(np.float32)
    whole = np.rint(value / worth).astype(np.int16)
    return numpy_helper.from_array(whole, f"{name}/short"), numpy_helper.from_array(worth, f"{name}/worth")
