"""Large ONNX graphs with 16-bit weights: half the size, the same answers."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from braintumor.models.compact_weights import store_weights_as_float16


def _linear_graph(weights: np.ndarray) -> bytes:
    """Return a graph that multiplies rows by a matrix and adds a bias."""
    rows, columns = weights.shape
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "weights", "bias"], ["y"])],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, columns])],
        [
            numpy_helper.from_array(weights, "weights"),
            numpy_helper.from_array(np.full(columns, 1 / 3, np.float32), "bias"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def _run(content: bytes, rows: np.ndarray) -> np.ndarray:
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).run(None, {"x": rows})[0]


def test_file_is_halved_and_answers_agree_to_the_precision_of_16_bits() -> None:
    generator = np.random.default_rng(0)
    content = _linear_graph(generator.normal(size=(256, 64)).astype(np.float32))
    compact = store_weights_as_float16(content)
    assert len(compact) < 0.55 * len(content)
    rows = generator.normal(size=(5, 256)).astype(np.float32)
    np.testing.assert_allclose(_run(compact, rows), _run(content, rows), atol=0.03)
    assert _run(compact, rows).dtype == np.float32


def test_weights_that_16_bits_hold_exactly_do_not_change_the_answers() -> None:
    weights = np.random.default_rng(1).normal(size=(64, 32)).astype(np.float16).astype(np.float32)
    content = _linear_graph(weights)
    rows = np.eye(64, dtype=np.float32)
    np.testing.assert_array_equal(_run(store_weights_as_float16(content), rows), _run(content, rows))


def test_small_tensors_and_values_beyond_16_bits_stay_as_they_are() -> None:
    weights = np.full((64, 32), 1e6, np.float32)
    stored = onnx.load_from_string(store_weights_as_float16(_linear_graph(weights)))
    assert {tensor.data_type for tensor in stored.graph.initializer} == {TensorProto.FLOAT}
