"""Recognize head CT, and slices outside the brain such as neck, face and air, by the features of the network."""

import numpy as np
from numpy.typing import NDArray

from braintumor.inference.input_check.limits import CTClassifier, FeatureClassifier, FieldClassifier
from braintumor.inference.outputs import Outputs


def log_odds(classifier: FeatureClassifier, features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the log-odds of what a classifier recognizes for features (n, d), shape (n,)."""
    used = np.asarray(features, np.float64)[:, list(classifier.features)]
    return np.asarray(used @ np.array(classifier.weights) + classifier.bias)


def find_ct(classifier: CTClassifier | None, outputs: Outputs) -> NDArray[np.bool_]:
    """Return which scans look like head CT, shape (n,); none for a version without a classifier."""
    if classifier is None or outputs.features is None:
        return np.zeros(len(outputs.logits), bool)
    return log_odds(classifier, outputs.features) >= classifier.reject_at


def find_outside_field(classifier: FieldClassifier | None, outputs: Outputs) -> NDArray[np.bool_]:
    """Return which scans show no brain, shape (n,); none for a version without a classifier."""
    if classifier is None or outputs.features is None:
        return np.zeros(len(outputs.logits), bool)
    return log_odds(classifier, outputs.features) >= classifier.outside_at
