"""Scores of a version on the scans that all are asked about: by its own task, and tumour against none for all."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation import two_way
from braintumor.evaluation.compare_answers import Predictions, TestScans
from braintumor.evaluation.entries import MetricEntry, bootstrap_ci
from braintumor.evaluation.metrics import classification_metrics
from braintumor.inference.verdict import predicted_class
from braintumor.vocabulary import NO_TUMOR_INDEX

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Of a version's own task, and under another name of tumour against none.
_OWN_TASK_METRICS: Final = ("accuracy", "macro_f1", "ece", "brier")
_BINARY_METRICS: Final = ("tumor_sensitivity", "tumor_specificity", "roc_auc")


def predicts_tumor(predictions: Predictions, binary_threshold: float | None) -> Flags:
    """Whether a version calls tumour: by its most probable class, or by its threshold where it tells no kinds."""
    return np.asarray(predicted_class(predictions.probabilities, binary_threshold) != NO_TUMOR_INDEX)


def correctness_by_metric(
    predictions: Predictions, scans: TestScans, binary_threshold: float | None
) -> dict[str, Floats]:
    """Whether each scan was answered right, for each question that a version answers: what pairs are compared by."""
    found = {"tumor_accuracy": (predicts_tumor(predictions, binary_threshold) == scans.is_tumor).astype(float)}
    if binary_threshold is None:
        found["accuracy"] = (predicted_class(predictions.probabilities) == scans.labels).astype(float)
    return found


def score_version(
    predictions: Predictions, scans: TestScans, binary_threshold: float | None, replicates: int
) -> dict[str, MetricEntry]:
    """Metrics with intervals over groups.

    `accuracy`, `macro_f1`, `ece` and `brier` are of the version's own task: four classes, or tumour against none.
    `tumor_accuracy`, `tumor_macro_f1`, `tumor_sensitivity`, `tumor_specificity`, `roc_auc`, `tumor_ece` and
    `tumor_brier` are of tumour against none for every version: those to compare versions of different tasks by.

    Parameters
    ----------
    decision : float, optional
        Tumour probability from which on a version that tells no kinds says tumour; None for one that tells them.
    """
    said, tumor = predicts_tumor(predictions, binary_threshold), predictions.tumor_probability

    def measure(weights: Floats) -> dict[str, float]:
        alike = two_way.binary_metrics(scans.is_tumor, said, tumor, tumor, weights)
        own = alike if binary_threshold is not None else classification_metrics(
            scans.labels, predictions.probabilities, predictions.probabilities, weights
        )  # fmt: skip
        return (
            {name: own[name] for name in _OWN_TASK_METRICS}
            | {f"tumor_{name}": alike[name] for name in _OWN_TASK_METRICS}
            | {name: alike[name] for name in _BINARY_METRICS}
        )

    counted = {"tumor_sensitivity": scans.is_tumor, "tumor_specificity": ~scans.is_tumor}
    return bootstrap_ci(measure, counted, scans.groups, scans.labels, replicates)
