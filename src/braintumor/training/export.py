"""Export: `model.keras` -> `model.onnx`, refused unless both say the same of real scans."""

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
from braintumor.inference.registry import INT8_FILE, LITERT_FILE, SALIENCY_FILE
from braintumor.models.builder import load_keras_model
from braintumor.models.grad_cam import map_extent
from braintumor.models.onnx_autodiff.graph import GRADIENT_OUTPUT, build_gradient_onnx
from braintumor.models.serving_graph import serving_graph
from braintumor.settings import Settings, get_settings
from braintumor.training.card_draft import read_card, recipe_from_card, update_card
from braintumor.training.data import load_data
from braintumor.training.ensemble import check_ensemble

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


# Rounding turns a few rectifiers on or off, so that even two ways of adding in another order differ now and then; most
# pictures must agree well.
GRADIENT_TOLERANCE: Final = 0.03
# A gradient graph holds the weights once more: of larger networks (bytes of ONNX) none is kept.
MAX_GRADIENT_MODEL_BYTES: Final = 10 * 2**20


def export_gradient(model: keras.Model, content: bytes, images: NDArray[np.float32]) -> tuple[bytes, dict[str, Any]]:
    """The gradient graph of an exported network, and how far it is from the gradient of the Keras model.

    Parameters
    ----------
    model : Model
        What was trained.
    content : bytes
        ONNX of it.
    images : ndarray of float32, shape (n, h, w, c)

    Returns
    -------
    bytes
        ONNX, see `braintumor.models.onnx_autodiff.graph`.
    dict
        `median_difference` and `largest_difference`, over the images, of the length of the difference over the length
        of the gradient, and `n`.

    Raises
    ------
    ArtifactError
        Half of the images or more differ by over 3%.
    """
    graph = build_gradient_onnx(content)
    return graph, gradient_error(graph, images, log_odds_gradient(model, images))


def gradient_error(graph: bytes, images: NDArray[np.float32], expected: NDArray[np.float32]) -> dict[str, Any]:
    """How far a gradient graph is from the gradient at images (n, h, w, c); see `checked_gradient`."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    found = np.concatenate([session.run([GRADIENT_OUTPUT], {name: image[None]})[0] for image in images])
    lengths = np.sqrt(np.square(expected).sum(axis=(1, 2, 3)))
    differences = np.sqrt(np.square(found - expected).sum(axis=(1, 2, 3))) / np.maximum(lengths, 1e-12)
    median, largest = float(np.median(differences)), float(differences.max())
    if not median <= GRADIENT_TOLERANCE:
        raise ArtifactError(
            f"The gradient in ONNX differs from that of Keras by {median:.1%} (median of {len(images)} scans), more "
            f"than {GRADIENT_TOLERANCE:.0%}. Nothing was written; see the rules in models/backward.py."
        )
    return {"median_difference": median, "largest_difference": largest, "n": len(images)}


def log_odds_gradient(model: keras.Model, images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gradient of the log-odds of tumour at images (n, h, w, c), by automatic differentiation; of the same shape."""
    graph = serving_graph(model)
    given = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(given)
        said = log_odds(graph(given)["logits"])
    return np.asarray(tape.gradient(said, given), np.float32)


def log_odds(logits: tf.Tensor) -> tf.Tensor:
    """Log-odds of tumour, shape (n,), of logits (n, 4)."""
    return tf.reduce_logsumexp(tf.gather(logits, TUMOR_INDICES, axis=1), axis=1) - logits[:, NO_TUMOR_INDEX]


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


PROBABILITY_TOLERANCE = 1e-5
_CHECKED_SCANS = 64
_GRADIENT_STEP = 4  # every how many of them the gradient, which takes longer, is compared on


def export_model(name: str, settings: Settings | None = None) -> str:
    """Write `model.onnx` of a trained version: logits, probabilities, a map per class, and a mask where it has one.

    Beside it goes `saliency.onnx`, the gradient of the log-odds of tumour, where it is known of every operator and the
    network is no larger than 10 MB.

    Parameters
    ----------
    name : str
        Folder of the version in `outputs/`, such as `v1` or `v1-random`.

    Returns
    -------
    str
        A sentence with the largest difference found.

    Raises
    ------
    ArtifactError
        There is no `model.keras`, or the two differ by more than 1e-5 in a probability on real test scans, or their
        gradients differ; then nothing is written.
    """
    settings = settings or get_settings()
    folder = settings.outputs / name
    card = read_card(name, settings)
    if card.get("members"):
        return check_ensemble(name, settings)
    if not (folder / "model.keras").is_file():
        raise ArtifactError(f"{name}: there is no model.keras to export. Train it with: braintumor train {name}")
    trained = load_keras_model(folder / "model.keras")
    content = to_onnx(trained)
    recipe = recipe_from_card(card)
    contract = recipe.input.to_input_spec()
    data = load_data(recipe, Protocol(card["protocol"]), settings, with_masks=False)
    rows = data.split_rows(Split.TEST)
    chosen = rows[np.linspace(0, len(rows) - 1, min(_CHECKED_SCANS, len(rows))).astype(int)]
    images = to_batch(data.model_inputs[chosen], contract)
    difference = max_abs_difference(trained, content, images)
    if difference > PROBABILITY_TOLERANCE:
        raise ArtifactError(
            f"{name}: ONNX and Keras differ by {difference:.2e} on {len(chosen)} scans, more than {PROBABILITY_TOLERANCE:.0e}. "
            "Nothing was written; check the versions of tf2onnx and onnxruntime against uv.lock."
        )
    graph, agreement = _export_gradient_if_possible(trained, content, images[::_GRADIENT_STEP])
    write_atomically(folder / "model.onnx", content)
    if graph:
        write_atomically(folder / SALIENCY_FILE, graph)
    else:
        (folder / SALIENCY_FILE).unlink(missing_ok=True)  # that of an earlier model would be verified and wrong
    for variant in (LITERT_FILE, INT8_FILE):
        (folder / variant).unlink(missing_ok=True)
    update_card(
        name,
        settings,
        variants={},
        export={"max_abs_difference": difference, "n": len(chosen)},
        saliency=agreement,
        map_extent=map_extent(trained) if isinstance(trained, keras.Sequential) else None,
    )
    return f"{name}: model.onnx agrees with Keras to {difference:.1e} on {len(chosen)} test scans."


def _export_gradient_if_possible(
    trained: keras.Model, content: bytes, images: NDArray[np.float32]
) -> tuple[bytes | None, dict[str, Any] | None]:
    """The gradient graph and how well it agrees; None of both where it is too large or an operator is not known."""
    if len(content) > MAX_GRADIENT_MODEL_BYTES:
        return None, None
    try:
        return export_gradient(trained, content, images)
    except RecipeError:
        return None, None


def to_onnx(model: keras.Model) -> bytes:
    """ONNX bytes of a trained network with its maps."""
    return export_onnx_bytes(serving_graph(model))


def export_onnx_bytes(graph: keras.Model) -> bytes:
    """ONNX bytes of a network as it is."""
    graph(np.zeros((1, *graph.input_shape[1:]), np.float32))  # tf2onnx wants the graph called once
    with tempfile.TemporaryDirectory(prefix="braintumor-") as folder:
        path = Path(folder) / "model.onnx"
        graph.export(path, format="onnx", verbose=False)
        return path.read_bytes()


def max_abs_difference(model: keras.Model, content: bytes, images: NDArray[np.float32]) -> float:
    """Largest absolute difference of a probability between Keras and ONNX Runtime on images (n, h, w, c)."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(["probabilities"], {session.get_inputs()[0].name: images})[0]
    trained = model.predict(images, verbose=0)
    if isinstance(trained, dict):
        trained = trained["class"]
    elif trained.shape[1] == 1:
        found = found[:, list(TUMOR_INDICES)].sum(axis=1, keepdims=True)
    return float(np.abs(found - trained).max())
