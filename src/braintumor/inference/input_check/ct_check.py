"""Recognize head CT in pictures that do not say what they are, by the ring of bone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.input_check.limits import CTClassifier
from braintumor.inference.input_check.skull_ring import skull_ring_features


def ct_scores(
    classifier: CTClassifier, model_inputs: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]
) -> NDArray[np.float64]:
    """Return the log-odds of head CT for model inputs (n, height, width), shape (n,); CT from `reject_at` on."""
    features = np.stack([skull_ring_features(model_input) for model_input in model_inputs])
    return np.asarray(features @ np.array(classifier.weights) + classifier.bias)


def is_ct(classifier: CTClassifier | None, model_input: NDArray[np.uint8]) -> bool:
    """Whether a model input (height, width) looks like head CT; never for a version without a classifier."""
    return classifier is not None and bool(ct_scores(classifier, [model_input])[0] >= classifier.reject_at)
