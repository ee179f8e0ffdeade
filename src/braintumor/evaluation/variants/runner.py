"""A detector that runs a smaller variant instead of the served graph."""

import os
import warnings
from collections.abc import Callable, Sequence

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from braintumor.inference.detector import Detector
from braintumor.inference.outputs import Outputs

# Takes model input (n, height, width, channels) and returns outputs by name.
Runner = Callable[[NDArray[np.float32]], dict[str, NDArray[np.float32]]]


class VariantDetector(Detector):
    """Predict with a variant; preprocessing, views, fusion and calibration are those of the served model."""

    def __init__(self, served: Detector, runner: Runner) -> None:
        super().__init__(served.artifact, served.settings)
        self._model = _VariantModel(runner)


class _VariantModel:
    """A runner as the model of a detector."""

    outputs: Sequence[str] = ()  # only logits and mask, which the detector uses without asking

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        """Return the outputs for model input (n, height, width, channels)."""
        return Outputs(**self._runner(batch))


def make_onnx_runner(content: bytes, output_names: Sequence[str], threads: int = 0) -> Runner:
    """Return a function that runs an ONNX graph in ONNX Runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda batch: dict(zip(output_names, session.run(list(output_names), {name: batch}), strict=True))


def make_litert_runner(content: bytes) -> Runner:
    """Return a function that runs a LiteRT model image by image in TensorFlow's interpreter."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # announces that it will move to another package
        interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
    run = interpreter.get_signature_runner()
    (input_name,) = run.get_input_details()

    def outputs(batch: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        results = [run(**{input_name: image[None]}) for image in batch]
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}

    return outputs
