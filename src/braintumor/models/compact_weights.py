"""Weights of a large ONNX graph stored with 16 or 8 bits for a smaller file; it still computes with 32 bits."""

from collections.abc import Callable
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

# Smaller tensors, such as biases, stay as they are: they hardly count.
_MIN_VALUES: Final = 1_024
_HIGHEST: Final = float(np.finfo(np.float16).max)
_HIGHEST_INT8: Final = 127

# Takes the values and the name of a tensor; returns what is stored, and the nodes that restore the tensor.
_Packing = tuple[list[TensorProto], list[NodeProto]]
_Pack = Callable[[NDArray[np.float32], str], _Packing | None]


def store_weights_as_float16(content: bytes) -> bytes:
    """Store the large float32 weights of an ONNX graph as float16, each cast back to float32 when the graph is loaded.

    A tensor with a value beyond the range of float16 stays as it is.

    Parameters
    ----------
    content : bytes
        An ONNX graph.

    Returns
    -------
    bytes
        A graph with the same inputs and outputs.
    """
    return _pack_weights(content, _pack_float16)


def store_weights_as_int8(content: bytes, max_bytes: int) -> bytes:
    """Store the largest weights of an ONNX graph as int8 and the others as float16, to fit a file size.

    Each output channel has its own scale. Only as many tensors as needed are stored with 8 bits, the largest first.
    The nodes that restore them are a cast and a product, which ONNX Runtime computes once when it loads the graph; it
    would compute DequantizeLinear in every run.

    Parameters
    ----------
    content : bytes
        An ONNX graph with float32 weights.
    max_bytes : int
        Size that the result should not exceed; it does if 8 bits are not enough.

    Returns
    -------
    bytes
        A graph with the same inputs and outputs.
    """
    excess = len(store_weights_as_float16(content)) - max_bytes
    tensors = [tensor for tensor in onnx.load_from_string(content).graph.initializer if len(tensor.dims) > 1]
    # One byte less per value, and four more for the scale of each output channel.
    savings = {t.name: int(np.prod(t.dims)) - 4 * (t.dims[0] if len(t.dims) > 2 else t.dims[-1]) for t in tensors}
    names: set[str] = set()
    for name in sorted(savings, key=savings.__getitem__, reverse=True):
        if excess <= 0:
            break
        names.add(name)
        excess -= savings[name]
    return _pack_weights(content, lambda values, name: (_pack_int8 if name in names else _pack_float16)(values, name))


def _pack_weights(content: bytes, pack: _Pack) -> bytes:
    """Replace the large float32 tensors of a graph by what `pack` returns for them."""
    model = onnx.load_from_string(content)
    stored, restoring = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        is_large = tensor.data_type == TensorProto.FLOAT and values.size >= _MIN_VALUES
        packed = pack(values, tensor.name) if is_large else None
        tensors, nodes = packed or ([tensor], [])
        stored += tensors
        restoring += nodes
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(stored)
    model.graph.node.extend([*restoring, *nodes])
    return bytes(model.SerializeToString())


def _pack_float16(values: NDArray[np.float32], name: str) -> _Packing | None:
    if np.abs(values).max() > _HIGHEST:
        return None
    stored = numpy_helper.from_array(values.astype(np.float16), f"{name}_float16")
    return [stored], [helper.make_node("Cast", [stored.name], [name], to=TensorProto.FLOAT)]


def _pack_int8(values: NDArray[np.float32], name: str) -> _Packing:
    """Round to 255 steps per output channel: the first axis of a convolution's weights, the last of a matrix."""
    axes = tuple(range(1, values.ndim)) if values.ndim > 2 else (0,)
    scale = np.abs(values).max(axis=axes, keepdims=True) / _HIGHEST_INT8
    scale = np.maximum(scale, np.finfo(np.float32).tiny).astype(np.float32)
    integers = np.rint(values / scale).astype(np.int8)
    stored = [numpy_helper.from_array(integers, f"{name}_int8"), numpy_helper.from_array(scale, f"{name}_scale")]
    cast = helper.make_node("Cast", [stored[0].name], [f"{name}_integers"], to=TensorProto.FLOAT)
    return stored, [cast, helper.make_node("Mul", [f"{name}_integers", stored[1].name], [name])]
