"""Quantize the served graph to 8-bit integers."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx.utils import extract_model
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

# The convolutions, which take most of the time, and the operations between them. The operations after them are cheap,
# and rounding there would affect the prediction directly.
_QUANTIZED_OPS: Final = ("Conv", "Clip", "Relu", "Add", "Concat", "MaxPool", "AveragePool", "Gemm")


class _CalibrationInputs(CalibrationDataReader):
    """Pass images one by one to the calibration of value ranges."""

    def __init__(self, name: str, images: NDArray[np.float32]) -> None:
        self._remaining: Iterator[dict[str, Any]] = iter([{name: image[None]} for image in images])

    def get_next(self) -> dict[str, Any] | None:
        """Return the next image, or None after the last."""
        return next(self._remaining, None)


def quantize(content: bytes, output_names: Sequence[str], images: NDArray[np.float32]) -> bytes:
    """Convert an ONNX graph to 8-bit integers, with quantize and dequantize pairs around each operation.

    Weights have one scale per channel and use 7 bits: on processors without 8-bit instructions, sums of 8-bit products
    overflow, and predictions would depend on the machine. The range of a layer is the mean of its extremes over the
    images, so that a single unusual image does not make every step too coarse.

    Parameters
    ----------
    content : bytes
        The served graph.
    output_names : sequence of str
        Outputs to keep.
    images : ndarray of float32, shape (n, height, width, channels)
        Preprocessed training images that the ranges are fitted to.
    """
    name = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        graph, subgraph, folded, quantized = (
            Path(folder) / f"{step}.onnx" for step in ("graph", "subgraph", "folded", "quantized")
        )
        graph.write_bytes(content)
        extract_model(str(graph), str(subgraph), [name], list(output_names))
        quant_pre_process(str(subgraph), str(folded), skip_symbolic_shape=True)  # folds constants and normalizations
        quantize_static(
            str(folded), str(quantized), _CalibrationInputs(name, images), quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=list(_QUANTIZED_OPS), calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
        )  # fmt: skip
        return quantized.read_bytes()
