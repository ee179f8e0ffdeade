"""Recognize head CT in pictures that do not say what they are, by the ring of bone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.input_check.limits import CTLimits
from braintumor.inference.input_check.skull_ring import skull_ring_features


def ct_scores(limits: CTLimits, model_inputs: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Return the log-odds of head CT for model inputs (n, height, width), shape (n,); CT from `limits.reject_at` on."""
    features = np.stack([skull_ring_features(model_input) for model_input in model_inputs])
    return np.asarray(features @ np.array(limits.weights) + limits.bias)


def is_ct(limits: CTLimits | None, model_input: NDArray[np.uint8]) -> bool:
    """Whether a model input (height, width) looks like head CT; never for a version without limits."""
    return limits is not None and bool(ct_scores(limits, [model_input])[0] >= limits.reject_at)
