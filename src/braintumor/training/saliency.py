"""Export of the gradient graph, measured against automatic differentiation of what was trained."""

import os
from typing import Any, Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.errors import ArtifactError
from braintumor.models.answering import serving_graph
from braintumor.models.gradient import GRADIENT_OUTPUT, build_gradient_onnx
from braintumor.vocabulary import NO_TUMOR_INDEX, TUMOR_INDICES

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
        ONNX, see `braintumor.models.gradient`.
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
