"""Export of `model.keras` to `model.onnx` and `saliency.onnx`, checked against Keras on real scans."""

import os
import tempfile
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.enums import NO_TUMOR_INDEX, TUMOR_INDICES, Protocol, Split
from braintumor.errors import ArtifactError, RecipeError
from braintumor.fileio import write_atomically
from braintumor.imaging import to_batch
from braintumor.inference.model_card import (
    INT8_FILE,
    KERAS_FILE,
    LITERT_FILE,
    MODEL_FILE,
    SALIENCY_FILE,
    read_card,
    update_card,
)
from braintumor.models.builder import load_keras_model
from braintumor.models.compact_weights import store_weights_as_float16, store_weights_as_int8
from braintumor.models.grad_cam import map_extent
from braintumor.models.onnx_autodiff.graph import GRADIENT_OUTPUT, build_gradient_onnx
from braintumor.models.recipe import Recipe
from braintumor.models.serving_graph import serving_graph
from braintumor.settings import Settings, get_settings
from braintumor.training.ensemble import check_ensemble
from braintumor.training.inputs.load import load_data

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

PROBABILITY_TOLERANCE: Final = 1e-5
# Larger models store their weights with 16 bits, at the price of a larger difference.
LARGE_MODEL_BYTES: Final = 10 * 2**20
FLOAT16_TOLERANCE: Final = 2e-3
# Models that are still larger with 16 bits store their largest weights with 8 bits. Single scans can change a lot then,
# as the card shows; the median must agree, as in `model.int8.onnx`.
MAX_MODEL_BYTES: Final = 25_000_000
INT8_TOLERANCE: Final = 0.02
# Rounding switches single ReLUs on or off, which changes the gradient of a few scans; the median must agree.
GRADIENT_TOLERANCE: Final = 0.03
_CHECKED_SCANS: Final = 64
_GRADIENT_STEP: Final = 4  # the gradient, which is slower, is compared on every fourth of them


def export_model(name: str, settings: Settings | None = None) -> str:
    """Write `model.onnx` of a trained model: logits, probabilities, a heat map per class, and a mask if it has one.

    `saliency.onnx`, the gradient of the tumour log-odds, is written as well if all operators have a gradient rule and
    the model is not larger than 10 MB. The weights of a larger model are stored with 16 bits, and the largest of them
    with 8 bits if the file would exceed 25 MB otherwise.

    Parameters
    ----------
    name : str
        Folder of the run in `outputs/`, such as `v1` or `runs/v1/random-seed1`.

    Returns
    -------
    str
        A sentence with the largest difference from Keras.

    Raises
    ------
    ArtifactError
        There is no `model.keras`, or a probability on real test scans differs from Keras by more than 1e-5 (2e-3 with
        16-bit weights; with 8-bit weights the median by more than 0.02), or the gradients differ. Nothing is written
        then.
    """
    settings = settings or get_settings()
    folder = settings.outputs / name
    card = read_card(name, settings)
    if card.members:
        return check_ensemble(name, settings)
    if not (folder / KERAS_FILE).is_file():
        raise ArtifactError(f"{name}: there is no {KERAS_FILE} to export. Train it with: braintumor train {name}")
    model = load_keras_model(folder / KERAS_FILE)
    content = to_onnx(model)
    is_large = len(content) > LARGE_MODEL_BYTES
    content, tolerance = _store_compactly(content) if is_large else (content, PROBABILITY_TOLERANCE)
    images = _load_check_images(Recipe(**card.recipe), Protocol(card.protocol), settings)
    differences = probability_differences(model, content, images)
    largest, median = float(differences.max()), float(np.median(differences))
    _check_difference(median if tolerance == INT8_TOLERANCE else largest, tolerance, len(images), name)
    # The gradient graph would contain the weights again.
    gradient, agreement = (
        (None, None) if is_large else _export_gradient_if_possible(model, content, images[::_GRADIENT_STEP])
    )
    write_atomically(folder / MODEL_FILE, content)
    for file in (SALIENCY_FILE, LITERT_FILE, INT8_FILE):  # of an earlier model
        (folder / file).unlink(missing_ok=True)
    if gradient:
        write_atomically(folder / SALIENCY_FILE, gradient)
    update_card(
        name,
        settings,
        variants={},
        export={"max_abs_difference": largest, "median_difference": median, "n": len(images)},
        saliency=agreement,
        map_extent=map_extent(model) if isinstance(model, keras.Sequential) else None,
    )
    return f"{name}: {MODEL_FILE} agrees with Keras to {largest:.1e} on {len(images)} test scans."


def _store_compactly(content: bytes) -> tuple[bytes, float]:
    """Store the weights with 16 bits, or some with 8 bits where that is too large; also return the tolerance."""
    halved = store_weights_as_float16(content)
    if len(halved) <= MAX_MODEL_BYTES:
        return halved, FLOAT16_TOLERANCE
    return store_weights_as_int8(content, MAX_MODEL_BYTES), INT8_TOLERANCE


def _check_difference(difference: float, tolerance: float, count: int, name: str) -> None:
    if difference > tolerance:
        raise ArtifactError(
            f"{name}: the probabilities of ONNX and Keras differ by {difference:.2e} on {count} scans (allowed: "
            f"{tolerance:.0e}). Nothing was written. Compare the installed versions of tf2onnx and "
            "onnxruntime with uv.lock."
        )


def to_onnx(model: keras.Model) -> bytes:
    """Convert a trained network, with its heat maps, to ONNX."""
    return export_onnx_bytes(serving_graph(model))


def export_onnx_bytes(graph: keras.Model) -> bytes:
    """Convert a Keras graph to ONNX as it is."""
    graph(np.zeros((1, *graph.input_shape[1:]), np.float32))  # tf2onnx needs a graph that was called once
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        path = Path(folder) / MODEL_FILE
        graph.export(path, format="onnx", verbose=False)
        return path.read_bytes()


def max_abs_difference(model: keras.Model, content: bytes, images: NDArray[np.float32]) -> float:
    """Return the largest difference between Keras and ONNX probabilities on images (n, h, w, c)."""
    return float(probability_differences(model, content, images).max())


def probability_differences(model: keras.Model, content: bytes, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest difference between Keras and ONNX probabilities of each of n images (n, h, w, c)."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    probabilities = session.run(["probabilities"], {session.get_inputs()[0].name: images})[0]
    expected = model.predict(images, verbose=0)
    if isinstance(expected, dict):
        expected = expected["class"]
    elif expected.shape[1] == 1:
        probabilities = probabilities[:, list(TUMOR_INDICES)].sum(axis=1, keepdims=True)
    return np.asarray(np.abs(probabilities - expected).max(axis=1), np.float32)


def export_gradient(model: keras.Model, content: bytes, images: NDArray[np.float32]) -> tuple[bytes, dict[str, Any]]:
    """Build the gradient graph of an exported model and compare it with the gradient of the Keras model.

    Parameters
    ----------
    model : Model
        The trained model.
    content : bytes
        Its ONNX export.
    images : ndarray of float32, shape (n, h, w, c)

    Returns
    -------
    bytes
        ONNX; see `braintumor.models.onnx_autodiff.graph`.
    dict
        `median_difference` and `largest_difference` over the images of the relative error (length of the difference
        divided by the length of the gradient), and `n`.

    Raises
    ------
    ArtifactError
        The median relative error is above 3%.
    """
    graph = build_gradient_onnx(content)
    return graph, gradient_error(graph, images, log_odds_gradient(model, images))


def gradient_error(graph: bytes, images: NDArray[np.float32], expected: NDArray[np.float32]) -> dict[str, Any]:
    """Compare a gradient graph with the expected gradients at images (n, h, w, c); see `export_gradient`."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    gradients = np.concatenate([session.run([GRADIENT_OUTPUT], {name: image[None]})[0] for image in images])
    lengths = np.sqrt(np.square(expected).sum(axis=(1, 2, 3)))
    errors = np.sqrt(np.square(gradients - expected).sum(axis=(1, 2, 3))) / np.maximum(lengths, 1e-12)
    median, largest = float(np.median(errors)), float(errors.max())
    if not median <= GRADIENT_TOLERANCE:
        raise ArtifactError(
            f"The ONNX gradient differs from the Keras gradient by {median:.1%} (median of {len(images)} scans; "
            f"allowed: {GRADIENT_TOLERANCE:.0%}). Nothing was written. Check the rules in models/onnx_autodiff."
        )
    return {"median_difference": median, "largest_difference": largest, "n": len(images)}


def log_odds_gradient(model: keras.Model, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the gradient of the tumour log-odds at images (n, h, w, c) by automatic differentiation."""
    graph = serving_graph(model)
    inputs = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        logits = graph(inputs)["logits"]
        log_odds = tf.reduce_logsumexp(tf.gather(logits, TUMOR_INDICES, axis=1), axis=1) - logits[:, NO_TUMOR_INDEX]
    return np.asarray(tape.gradient(log_odds, inputs), np.float32)


def _load_check_images(recipe: Recipe, protocol: Protocol, settings: Settings) -> NDArray[np.float32]:
    """Load evenly spaced scans of the test split as model inputs."""
    data = load_data(recipe, protocol, settings, with_masks=False)
    rows = data.split_rows(Split.TEST)
    selected = rows[np.linspace(0, len(rows) - 1, min(_CHECKED_SCANS, len(rows))).astype(int)]
    return to_batch(data.model_inputs[selected], recipe.input.to_input_spec())


def _export_gradient_if_possible(
    model: keras.Model, content: bytes, images: NDArray[np.float32]
) -> tuple[bytes | None, dict[str, Any] | None]:
    """Return the gradient graph and its agreement; None for both if an operator has no rule."""
    try:
        return export_gradient(model, content, images)
    except RecipeError:
        return None, None
