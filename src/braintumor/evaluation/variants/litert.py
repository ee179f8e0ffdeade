"""LiteRT: a trained network as `model.tflite`, with what decides and nothing that only explains it."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from braintumor.models.serving_graph import serving_graph


def to_litert(model: keras.Model, output_names: Sequence[str]) -> bytes:
    """LiteRT bytes of a trained network.

    It takes one image at a time, for which the interpreter's kernels are fastest, and gives outputs of the served
    graph under their names.

    Parameters
    ----------
    model : Model
        As it was trained.
    wanted : sequence of str
        The outputs to give, such as `logits` and `mask`.
    """
    graph = serving_graph(model)
    cut = keras.Model(graph.input, {name: graph.output[name] for name in output_names})
    one = [keras.InputSpec(shape=(1, *graph.input.shape[1:]), dtype="float32")]
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        path = Path(folder) / "model.tflite"
        cut.export(path, format="litert", verbose=False, input_signature=one)
        return path.read_bytes()
