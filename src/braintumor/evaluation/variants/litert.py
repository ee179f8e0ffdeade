"""Convert a trained network to LiteRT."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras

from braintumor.models.serving_graph import serving_graph


def to_litert(model: keras.Model, output_names: Sequence[str]) -> bytes:
    """Return the content of `model.tflite` of a trained network.

    The graph takes one image at a time, which is fastest in the interpreter, and names its outputs like the served
    graph.

    Parameters
    ----------
    model : Model
        As it was trained.
    output_names : sequence of str
        Outputs to keep, such as `logits` and `mask`.
    """
    graph = serving_graph(model)
    subgraph = keras.Model(graph.input, {name: graph.output[name] for name in output_names})
    single_image = [keras.InputSpec(shape=(1, *graph.input.shape[1:]), dtype="float32")]
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        path = Path(folder) / "model.tflite"
        subgraph.export(path, format="litert", verbose=False, input_signature=single_image)
        return path.read_bytes()
