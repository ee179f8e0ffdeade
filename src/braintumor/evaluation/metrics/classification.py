"""Metrics of a classifier on one set of images, each a function of labels, probabilities and weights."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES
from braintumor.inference.decision import predicted_class, tumor_probability

Floats = NDArray[np.float64]


def correctness(labels: NDArray[np.int64], probabilities: Floats, binary_threshold: float | None) -> dict[str, Floats]:
    """Accuracy of the likelier answer, tumour sensitivity and specificity, scan by scan; NaN where one does not count.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        Numbers of classes, or `UNKNOWN_KIND`.
    probabilities : ndarray, shape (n, classes)
    decision : float, optional
        Tumour probability from which on a version that tells no kinds says tumour; None for one that tells them.
    """
    said, ill = predicted_class(probabilities, binary_threshold), labels != NO_TUMOR_INDEX
    called = said != NO_TUMOR_INDEX
    right = said == labels if binary_threshold is None else called == ill
    return {
        "accuracy": right.astype(float),
        "tumor_sensitivity": np.where(ill, called, np.nan),
        "tumor_specificity": np.where(ill, np.nan, ~called),
    }


Ints = NDArray[np.int64]

_CALIBRATION_BINS: Final = 15
_CLASS_COUNT: Final = len(CLASS_NAMES)


def classification_metrics(
    labels: Ints, probabilities: Floats, calibrated: Floats, weights: Floats | None = None
) -> dict[str, float]:
    """All metrics of one set.

    Parameters
    ----------
    labels : ndarray of int, shape (n,)
        Index into the fixed class order.
    probabilities : ndarray, shape (n, 4)
        As the network gives them; `loss` is of these, as training reports it.
    calibrated : ndarray, shape (n, 4)
        After temperature scaling; `ece` and `brier` are of these. The order of classes is the same in both.
    weights : ndarray, shape (n,), optional
        How often each image counts; one each by default.

    Returns
    -------
    dict of str to float
        `tumor_sensitivity` and `tumor_specificity` are of the most probable class (any tumour against none);
        `roc_auc` and `pr_auc` of the tumour probability, and per class one against the rest. NaN where a class that
        is needed does not occur.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    used = weights > 0
    labels, probabilities, calibrated, weights = labels[used], probabilities[used], calibrated[used], weights[used]
    table = confusion_matrix(labels, probabilities.argmax(axis=1), weights)
    return {
        **metrics_from_confusion(table),
        "loss": _weighted_mean(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1.0)), weights),
        "ece": expected_calibration_error(labels, calibrated, weights),
        "brier": _weighted_mean(((calibrated - np.eye(_CLASS_COUNT)[labels]) ** 2).sum(axis=1), weights),
        **_roc_pr_auc_by_class(labels, calibrated, weights),
    }


def confusion_matrix(labels: Ints, predicted: Ints, weights: Floats | None = None) -> Floats:
    """Confusion matrix (4, 4): rows are the truth, columns the prediction, in the fixed class order."""
    cells = np.bincount(labels * _CLASS_COUNT + predicted, weights=weights, minlength=_CLASS_COUNT * _CLASS_COUNT)
    return cells.reshape(_CLASS_COUNT, _CLASS_COUNT).astype(np.float64)


def metrics_from_confusion(matrix: Floats) -> dict[str, float]:
    """Accuracy, macro F1, per-class precision, recall and F1, tumour sensitivity and specificity."""
    hits, truth, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision, f1 = hits / truth, np.where(said > 0, hits / said, 0.0), 2 * hits / (truth + said)
    tumors = list(TUMOR_INDICES)
    healthy = [i for i in range(_CLASS_COUNT) if i not in tumors]
    found = {
        "accuracy": _ratio(hits.sum(), matrix.sum()),
        "macro_f1": float(np.mean(f1)),
        "tumor_sensitivity": _ratio(matrix[np.ix_(tumors, tumors)].sum(), matrix[tumors].sum()),
        "tumor_specificity": _ratio(matrix[np.ix_(healthy, healthy)].sum(), matrix[healthy].sum()),
    }
    for i, name in enumerate(CLASS_NAMES):
        found |= {f"precision/{name}": float(precision[i]), f"recall/{name}": float(recall[i])}
        found[f"f1/{name}"] = float(f1[i])
    return found


def binary_tasks(labels: Ints, probabilities: Floats) -> dict[str, tuple[NDArray[np.bool_], Floats]]:
    """Two-way questions the model scores: tumour against none, and each class against the rest."""
    tasks = {"tumor": (labels != NO_TUMOR_INDEX, tumor_probability(probabilities))}
    return tasks | {name: (labels == i, probabilities[:, i]) for i, name in enumerate(CLASS_NAMES)}


def reliability_diagram(labels: Ints, probabilities: Floats, weights: Floats | None = None) -> dict[str, list[float]]:
    """Reliability diagram: mean confidence, accuracy and weight of each of 15 equal bins that is not empty."""
    weights = np.ones(len(labels)) if weights is None else weights
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * _CALIBRATION_BINS).astype(int), _CALIBRATION_BINS - 1)
    total = np.bincount(bins, weights=weights, minlength=_CALIBRATION_BINS)
    kept = total > 0
    return {
        "confidence": (np.bincount(bins, weights * confidence, _CALIBRATION_BINS)[kept] / total[kept]).tolist(),
        "accuracy": (np.bincount(bins, weights * right, _CALIBRATION_BINS)[kept] / total[kept]).tolist(),
        "count": total[kept].tolist(),
    }


def expected_calibration_error(labels: Ints, probabilities: Floats, weights: Floats | None = None) -> float:
    """ECE over 15 equal bins of the top confidence (Guo et al. 2017)."""
    diagram: Mapping[str, list[float]] = reliability_diagram(labels, probabilities, weights)
    count = np.array(diagram["count"])
    gaps = np.abs(np.array(diagram["confidence"]) - np.array(diagram["accuracy"]))
    return float((gaps * count).sum() / count.sum())


def roc_pr_auc(truth: NDArray[np.bool_], score: Floats, weights: Floats) -> tuple[float, float]:
    """Areas under the ROC and the precision-recall curve (average precision) of one score, with weights.

    The same numbers as scikit-learn's, ten times sooner: the bootstrap asks for them thousands of times. NaN where
    only one answer occurs.
    """
    used = weights > 0
    truth, score, weights = truth[used], score[used], weights[used]
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # equal scores make one point
    hits = np.append(0.0, np.cumsum((weights * truth)[order])[last])
    alarms = np.append(0.0, np.cumsum((weights * ~truth)[order])[last])
    if not (hits[-1] and alarms[-1]):
        return float("nan"), float("nan")
    precision = hits[1:] / (hits[1:] + alarms[1:])
    return (
        float(np.trapezoid(hits, alarms) / (hits[-1] * alarms[-1])),
        float((np.diff(hits) * precision).sum() / hits[-1]),
    )


def _roc_pr_auc_by_class(labels: Ints, probabilities: Floats, weights: Floats) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, (truth, score) in binary_tasks(labels, probabilities).items():
        suffix = "" if name == "tumor" else f"/{name}"
        found[f"roc_auc{suffix}"], found[f"pr_auc{suffix}"] = roc_pr_auc(truth, score, weights)
    return found


def _weighted_mean(values: Floats, weights: Floats) -> float:
    return float((values * weights).sum() / weights.sum())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
