"""Do the classes differ visibly? The average image of each group is told by the nearest class average of the others."""

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
    """Average frame of each group, flat (groups, pixels) from 0 to 1, and its commonest class."""
    names, member = np.unique(groups, return_inverse=True)
    sums = np.zeros((len(names), model_inputs[0].size))
    for start in range(0, len(model_inputs), 512):
        part = slice(start, start + 512)
        np.add.at(sums, member[part], model_inputs[part].reshape(-1, model_inputs[0].size) / 255.0)
    votes = np.zeros((len(names), len(CLASSES)))
    np.add.at(votes, (member, labels), 1)
    return sums / votes.sum(axis=1, keepdims=True), votes.argmax(axis=1)


def nearest_centroid_correct(products: Floats, labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each group's average lies nearest to the average of its own class, it being left out of that.

    `products` (groups, groups) are the inner products of the groups' averages: all that distances need.
    """
    shares = np.eye(len(CLASSES))[labels]
    counts = shares.sum(axis=0)
    shares = shares / np.maximum(counts, 1)
    across = products @ shares
    distances = np.diag(products)[:, None] - 2 * across + (shares * across).sum(axis=0)
    distances[:, counts == 0] = np.inf
    # Left out of its own class, a group lies farther from its centre: by n / (n - 1), squared.
    n = counts[labels]
    distances[np.arange(len(labels)), labels] *= np.where(n > 1, (n / np.maximum(n - 1, 1)) ** 2, np.inf)
    return np.asarray(distances.argmin(axis=1) == labels)


def separability_test(
    averages: Floats, labels: NDArray[np.int64], replicates: int, permutations: int = PERMUTATIONS
) -> dict[str, Any]:
    """Balanced accuracy of `told` with its interval, against labels dealt to the groups at random.

    Returns
    -------
    dict
        `entry` (see `entries`), `chance`: the 95th percentile under permutation, `p`, and `null`: the permuted values.
    """
    generator, products = np.random.default_rng(_SEED), averages @ averages.T
    null = [balanced_accuracy(nearest_centroid_correct(products, shuffled), shuffled) for shuffled in
            (generator.permutation(labels) for _ in range(permutations))]  # fmt: skip
    right = nearest_centroid_correct(products, labels)
    weights = 1.0 / np.bincount(labels, minlength=len(CLASSES))[labels]
    names = np.arange(len(labels)).astype(str).astype(object)
    entry: MetricEntry = mean_with_ci({"told": right.astype(float)}, names, labels, replicates, weights)["told"]
    beaten = sum(value >= float(entry["value"] or 0) for value in null)
    return {
        "entry": entry,
        "chance": round(float(np.quantile(null, 0.95)), 6),
        "p": round((1 + beaten) / (1 + permutations), 6),
        "null": [round(value, 4) for value in sorted(null)],
    }


def balanced_accuracy(correctness: NDArray[np.bool_], labels: NDArray[np.int64]) -> float:
    """Mean over the classes of the share that is right."""
    return float(np.mean([correctness[labels == label].mean() for label in np.unique(labels)]))
