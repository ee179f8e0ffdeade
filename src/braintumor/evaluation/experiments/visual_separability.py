"""Permutation test of visual separability: classify each group's average image by the nearest class average."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES
from braintumor.evaluation.metrics.bootstrap import MetricEntry, mean_with_ci

Floats = NDArray[np.float64]
PERMUTATIONS: Final = 1000
_SEED: Final = 0


def average_by_group(
    model_inputs: NDArray[np.uint8], labels: NDArray[np.int64], groups: NDArray[np.object_]
) -> tuple[Floats, NDArray[np.int64]]:
    """Compute the average image of each group, flattened (groups, pixels) to 0 to 1, and its most frequent class."""
    names, group_index = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), model_inputs[0].size))
    for start in range(0, len(model_inputs), 512):
        batch = slice(start, start + 512)
        np.add.at(sums, group_index[batch], model_inputs[batch].reshape(-1, model_inputs[0].size) / 255.0)
    votes = np.zeros((len(names), len(CLASSES)))
    np.add.at(votes, (group_index, labels), 1)
    return sums / votes.sum(axis=1, keepdims=True), votes.argmax(axis=1)


def nearest_centroid_correct(products: Floats, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mark the groups that lie nearest to the average of their own class, computed without the group itself.

    Parameters
    ----------
    products : ndarray, shape (groups, groups)
        Inner products of the groups' averages, from which all distances follow.
    """
    shares = np.eye(len(CLASSES))[labels]
    counts = shares.sum(axis=0)
    shares = shares / np.maximum(counts, 1)
    across = products @ shares
    distances = np.diag(products)[:, None] - 2 * across + (shares * across).sum(axis=0)
    distances[:, counts == 0] = np.inf
    # Without the group itself, its class centre is n / (n - 1) times as far away.
    n = counts[labels]
    distances[np.arange(len(labels)), labels] *= np.where(n > 1, (n / np.maximum(n - 1, 1)) ** 2, np.inf)
    return np.asarray(distances.argmin(axis=1) == labels)


def separability_test(
    averages: Floats, labels: NDArray[np.int64], replicates: int, permutations: int = PERMUTATIONS
) -> dict[str, Any]:
    """Compute the balanced accuracy of the nearest class average, and its distribution under random labels.

    Returns
    -------
    dict
        `entry`, the metric with its interval; `chance`, the 95th percentile under permutation; `p`; and `null`, the
        permuted values.
    """
    generator, products = np.random.default_rng(_SEED), averages @ averages.T
    null = [balanced_accuracy(nearest_centroid_correct(products, shuffled), shuffled) for shuffled in
            (generator.permutation(labels) for _ in range(permutations))]  # fmt: skip
    is_correct = nearest_centroid_correct(products, labels)
    weights = 1.0 / np.bincount(labels, minlength=len(CLASSES))[labels]
    names = np.arange(len(labels)).astype(str).astype(object)
    entry: MetricEntry = mean_with_ci({"told": is_correct.astype(float)}, names, labels, replicates, weights)["told"]
    at_least_as_high = sum(value >= float(entry["value"] or 0) for value in null)
    return {
        "entry": entry,
        "chance": round(float(np.quantile(null, 0.95)), 6),
        "p": round((1 + at_least_as_high) / (1 + permutations), 6),
        "null": [round(value, 4) for value in sorted(null)],
    }


def balanced_accuracy(correctness: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    """Compute the mean of the accuracy of each class."""
    return float(np.mean([correctness[labels == label].mean() for label in np.unique(labels)]))
