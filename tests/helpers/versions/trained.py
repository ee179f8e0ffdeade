"""A version as training leaves it: a tiny random network, its export and a card."""

import hashlib
from pathlib import Path

import keras

from braintumor.training.export import to_onnx
from tests.helpers.tiny_model import CONTRACT
from tests.helpers.versions.tiny import write_version


def write_trained_version(outputs: Path, name: str = "v1") -> Path:
    """Write a version with `model.keras` and without a gradient graph, and return its folder."""
    keras.utils.set_random_seed(5)
    network = keras.Sequential(
        [
            keras.Input((CONTRACT.height, CONTRACT.width, CONTRACT.channels)),
            keras.layers.Conv2D(6, 9, strides=6, activation="relu"),
            keras.layers.MaxPooling2D(4),
            keras.layers.Flatten(),
            keras.layers.Dense(4, activation="softmax", name="probabilities"),
        ]
    )
    content = to_onnx(network)
    folder = outputs / name
    folder.mkdir(parents=True, exist_ok=True)
    network.save(folder / "model.keras")
    contents = {"model.onnx": content, "model.keras": (folder / "model.keras").read_bytes()}
    files = {file: hashlib.sha256(data).hexdigest() for file, data in contents.items()}
    return write_version(outputs, name, content, files=files)
