"""Quantized: the served graph, cut at what decides, in whole numbers of 8 bits."""

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

# What is counted in whole numbers: the convolutions that cost time, and what stands between them. The few operations
# behind them cost nothing, and rounding there goes straight into the answer.
_QUANTIZED_OPS: Final = ("Conv", "Clip", "Relu", "Add", "Concat", "MaxPool", "AveragePool", "Gemm")


class _CalibrationInputs(CalibrationDataReader):
    """Hands frames one by one to whoever measures how large numbers get."""

    def __init__(self, name: str, images: NDArray[np.float32]) -> None:
        self._remaining: Iterator[dict[str, Any]] = iter([{name: image[None]} for image in images])

    def get_next(self) -> dict[str, Any] | None:
        """The next frame; None after the last."""
        return next(self._remaining, None)


def quantize(content: bytes, output_names: Sequence[str], images: NDArray[np.float32]) -> bytes:
    """An ONNX graph in 8-bit whole numbers (quantize and dequantize pairs around each operation).

    Weights have a scale for each channel and are kept to seven bits: on processors without instructions for it the
    products of eight overflow, and answers would then depend on the machine. A layer's range is the mean over frames
    of its extremes: one odd frame would else make every step too coarse.

    Parameters
    ----------
    content : bytes
        The served graph.
    wanted : sequence of str
        The outputs to keep.
    images : ndarray of float32, shape (n, height, width, channels)
        Training frames, by which the range of every layer is chosen.
    """
    name = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"]).get_inputs()[0].name
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        whole, cut, plain, made = (Path(folder) / f"{step}.onnx" for step in ("whole", "cut", "plain", "made"))
        whole.write_bytes(content)
        extract_model(str(whole), str(cut), [name], list(output_names))
        quant_pre_process(str(cut), str(plain), skip_symbolic_shape=True)  # folds constants and normalizations
        quantize_static(
            str(plain), str(made), _CalibrationInputs(name, images), quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            op_types_to_quantize=list(_QUANTIZED_OPS), calibrate_method=CalibrationMethod.MinMax,
            extra_options={"CalibMovingAverage": True},
        )  # fmt: skip
        return made.read_bytes()
