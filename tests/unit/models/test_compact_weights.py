"""Large ONNX graphs with 16-bit or 8-bit weights: smaller files, the same answers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from braintumor.models.compact_weights import store_weights_as_float16, store_weights_as_int8
from braintumor.training import export


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


def _two_layers() -> bytes:
    """Return a convolution and a matrix product, whose first output channels are 1,000 times as large as the others."""
    generator = np.random.default_rng(2)
    kernel, matrix = (generator.normal(size=size).astype(np.float32) for size in ((64, 8, 3, 3), (64, 32)))
    kernel[0] *= 1_000
    matrix[:, 0] *= 1_000
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["cells"]),
        helper.make_node("MatMul", ["rows", "matrix"], ["products"]),
    ]
    graph = helper.make_graph(
        nodes,
        "two_layers",
        [
            helper.make_tensor_value_info("images", TensorProto.FLOAT, [None, 8, 3, 3]),
            helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, 64]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("cells", "products")],
        [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(matrix, "matrix")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def _stored_types(content: bytes) -> dict[str, int]:
    return {tensor.name: tensor.data_type for tensor in onnx.load_from_string(content).graph.initializer}


def test_each_output_channel_has_its_own_8_bit_scale() -> None:
    content = _two_layers()
    stored = store_weights_as_int8(content, 0)
    assert _stored_types(stored)["kernel_int8"] == _stored_types(stored)["matrix_int8"] == TensorProto.INT8
    generator = np.random.default_rng(3)
    inputs = {
        "images": generator.normal(size=(40, 8, 3, 3)).astype(np.float32),
        "rows": generator.normal(size=(40, 64)).astype(np.float32),
    }
    outputs, expected = (
        onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(None, inputs)
        for graph in (stored, content)
    )
    for actual, reference in zip(outputs, expected, strict=True):
        error = np.sqrt(np.square(actual - reference).mean(axis=0) / np.square(reference).mean(axis=0))
        assert error.max() < 0.02  # of the size of each channel, large or small


def test_only_the_largest_weights_are_stored_with_8_bits_if_that_is_enough() -> None:
    content = _two_layers()
    limit = len(store_weights_as_float16(content)) - 1_000
    stored = store_weights_as_int8(content, limit)
    assert len(stored) < limit
    assert _stored_types(stored) == {
        "kernel_int8": TensorProto.INT8,
        "kernel_scale": TensorProto.FLOAT,
        "matrix_float16": TensorProto.FLOAT16,
    }


@pytest.mark.parametrize(("limit", "suffix"), [(20_000, "float16"), (12_000, "int8")])
def test_export_uses_8_bits_only_where_16_are_too_large(
    limit: int, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_MODEL_BYTES", limit)
    stored, tolerance = export._store_compactly(_two_layers())
    assert f"kernel_{suffix}" in _stored_types(stored)
    assert tolerance == {"float16": export.FLOAT16_TOLERANCE, "int8": export.INT8_TOLERANCE}[suffix]
