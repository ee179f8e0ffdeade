"""The gradient graph of an ensemble, measured against automatic differentiation of its members put together again."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.errors import RecipeError
from braintumor.imaging import InputContract
from braintumor.models.answering import answering
from braintumor.models.gradient import gradient_graph
from braintumor.models.merged import Member
from braintumor.models.resampling import resizing
from braintumor.models.saved import load_network
from braintumor.training.ensemble_weights import Shares
from braintumor.training.saliency import LARGEST, agreement, log_odds


def merged_gradient(
    content: bytes, members: Sequence[Member], networks: Sequence[Path], shares: Shares, images: NDArray[np.float32]
) -> tuple[bytes | None, dict[str, Any] | None]:
    """The gradient graph of a merged graph, and how well it agrees; see `checked_gradient`.

    Parameters
    ----------
    content : bytes
        ONNX of the ensemble, its logits a weighted sum of its members'.
    networks : sequence of Path
        Keras files of the members.
    images : ndarray of float32, shape (n, h, w, c)

    Returns
    -------
    None of both where an operator's gradient is not known, the graph is over 10 MB, or a member's network is not at
    hand to compare with.
    """
    if len(content) > LARGEST or not all(path.is_file() for path in networks):
        return None, None
    try:
        graph = gradient_graph(content)
    except RecipeError:
        return None, None
    graphs = [answering(load_network(path)) for path in networks]
    given = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(given)
        terms = [
            weight / temperature * made(_shown(given, member.contract))["logits"]
            for member, made, weight, temperature in zip(
                members, graphs, shares.weights, shares.temperatures, strict=True
            )
        ]
        said = log_odds(tf.add_n(terms))
    return graph, agreement(graph, images, np.asarray(tape.gradient(said, given), np.float32))


def _shown(images: tf.Tensor, contract: InputContract) -> tf.Tensor:
    """Images (n, h, w, c) as a member is shown them: written apart from the graph, so that both can be compared."""
    _, height, width, _ = images.shape
    down, across = (tf.constant(resizing(*sides)) for sides in ((height, contract.height), (width, contract.width)))
    resized = tf.einsum("rh,nhwc,sw->nrsc", down, images[..., :1], across)
    return tf.repeat(resized, contract.channels, axis=3)
