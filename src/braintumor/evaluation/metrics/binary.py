"""Metrics of the binary task, tumour against none."""

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.metrics.classification import expected_calibration_error, reliability_diagram, roc_pr_auc
from braintumor.evaluation.metrics.selective import aurc

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def binary_metrics(
    is_tumor: Bools, predicted: Bools, uncalibrated: Floats, calibrated: Floats, weights: Floats | None = None
) -> dict[str, float]:
    """Compute all binary metrics of one set of images.

    Parameters
    ----------
    is_tumor, predicted : ndarray of bool, shape (n,)
        Whether there is a tumour, and whether the model predicts one.
    uncalibrated, calibrated : ndarray, shape (n,)
        Tumour probability before and after temperature scaling; only `loss` uses the former.
    weights : ndarray, shape (n,), optional
        Weight of each image; 1 by default.
    """
    weights = np.ones(len(is_tumor)) if weights is None else weights
    matrix, total = binary_confusion_matrix(is_tumor, predicted, weights), weights.sum()
    correct, actual, predictions = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = correct / actual, 2 * correct / (actual + predictions)
    true_class = np.clip(np.where(is_tumor, uncalibrated, 1 - uncalibrated), 1e-7, 1.0)
    roc, pr = roc_pr_auc(is_tumor, calibrated, weights)
    return {
        "accuracy": float(correct.sum() / total),
        "macro_f1": float(f1.mean()),
        "tumor_sensitivity": float(recall[0]),
        "tumor_specificity": float(recall[1]),
        "loss": float(-(np.log(true_class) * weights).sum() / total),
        "ece": binary_calibration_error(is_tumor, calibrated, weights),
        "brier": float((2 * (calibrated - is_tumor) ** 2 * weights).sum() / total),
        "roc_auc": roc,
        "pr_auc": pr,
        "aurc": aurc(binary_confidence(calibrated), predicted != is_tumor, weights),
    }


def binary_confusion_matrix(is_tumor: Bools, predicted: Bools, weights: Floats | None = None) -> Floats:
    """Count predictions by truth (2, 2): rows are the truth, columns the prediction, tumour first."""
    return np.bincount(2 * ~is_tumor + ~predicted, weights=weights, minlength=4).reshape(2, 2).astype(np.float64)


def binary_calibration_error(is_tumor: Bools, tumor: Floats, weights: Floats | None = None) -> float:
    """Compute the ECE of a tumour probability, over bins of the more probable of tumour and none."""
    return expected_calibration_error(_class_indices(is_tumor), _class_probabilities(tumor), weights)


def binary_reliability_diagram(is_tumor: Bools, tumor: Floats) -> dict[str, list[float]]:
    """Compute the reliability diagram of a tumour probability."""
    return reliability_diagram(_class_indices(is_tumor), _class_probabilities(tumor))


def binary_confidence(tumor: Floats) -> Floats:
    """Return the probability of the more probable of tumour and none."""
    return np.maximum(tumor, 1 - tumor)


def _class_indices(is_tumor: Bools) -> NDArray[np.int64]:
    return np.where(is_tumor, 0, 1)


def _class_probabilities(tumor: Floats) -> Floats:
    return np.column_stack([tumor, 1 - tumor])
