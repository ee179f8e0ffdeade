"""Mixup: a batch in which every image is partly its neighbour, and so is its answer (Zhang et al. 2018)."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from braintumor.training.losses import UNKNOWN


def sample_shares(concentration: float, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Share of itself that each image keeps, from a half to one: the larger part of a Beta distribution's draw."""
    drawn = generator.beta(concentration, concentration, count)
    return np.maximum(drawn, 1 - drawn).astype(np.float32)


def mixed(images: Any, targets: dict[str, Any], shares: Any) -> tuple[Any, dict[str, Any]]:
    """A batch, each image mixed with the one before it.

    Parameters
    ----------
    images : Tensor of float32, shape (n, height, width, channels)
    targets : dict of Tensor
        `class` (n, outputs), and others of any shape by image, as `mask`.
    shares : Tensor of float32, shape (n,)

    Returns
    -------
    images, targets
        Where several answers are right for one of the two, the image stays as it is: a part of "either" is no answer.
        The mask of a mixture with one nobody outlined is unknown.
    """
    answers = tf.reduce_sum(targets["class"], axis=-1)
    clear = (answers <= 1) & (tf.roll(answers, 1, 0) <= 1)
    shares = tf.where(clear, shares, 1.0)

    def mix(values: Any) -> Any:
        share = tf.reshape(shares, (-1, *[1] * (len(values.shape) - 1)))
        return share * values + (1 - share) * tf.roll(values, 1, 0)

    found = {name: mix(values) for name, values in targets.items()}
    if "mask" in targets:
        known = tf.reduce_min(targets["mask"], axis=(1, 2, 3)) > UNKNOWN / 2
        both = known & (tf.roll(known, 1, 0) | (shares == 1.0))
        found["mask"] = tf.where(both[:, None, None, None], found["mask"], UNKNOWN)
    return mix(images), found
