"""Weights of a large ONNX graph stored with 16 bits, which halves the file; it still computes with 32 bits."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# Smaller tensors, such as biases, stay as they are: they hardly count.
_MIN_VALUES: Final = 1_024
_HIGHEST: Final = float(np.finfo(np.float16).max)


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
    model = onnx.load_from_string(content)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < _MIN_VALUES or np.abs(values).max() > _HIGHEST:
            continue
        name, stored = tensor.name, f"{tensor.name}_float16"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*casts, *nodes])
    return model.SerializeToString()
