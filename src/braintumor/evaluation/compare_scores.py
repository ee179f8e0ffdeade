"""Scores of a version on the scans that all are asked about: by its own task, and tumour against none for all."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.compare_answers import Answers, Scans
from braintumor.evaluation.entries import Entry, with_intervals
from braintumor.evaluation.metrics import areas, expected_calibration_error, metrics
from braintumor.vocabulary import TUMOR_INDICES

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

TUMOR: Final = "tumor"
_HALF: Final = 0.5
# Of the four classes; the rest of what is measured is asked of all versions alike.
_OF_KINDS: Final = ("accuracy", "macro_f1", "ece", "brier")


def is_tumor(scans: Scans) -> Flags:
    """Whether there is a tumour of any kind."""
    return np.isin(scans.labels, TUMOR_INDICES)


def called(answers: Answers, card: Mapping[str, Any]) -> Flags:
    """Whether a version calls tumour: by its most probable class, or by its threshold where it tells no kinds."""
    if card.get("task") != TUMOR:
        return np.isin(answers.probabilities.argmax(axis=1), TUMOR_INDICES)
    return np.asarray(answers.tumor >= float((card.get("decision") or {}).get("threshold", _HALF)))


def right(answers: Answers, scans: Scans, card: Mapping[str, Any]) -> dict[str, Floats]:
    """Whether each scan was answered right, for each question that a version answers: what pairs are compared by."""
    found = {"tumor_accuracy": (called(answers, card) == is_tumor(scans)).astype(float)}
    if card.get("task") != TUMOR:
        found["accuracy"] = (answers.probabilities.argmax(axis=1) == scans.labels).astype(float)
    return found


def score_version(answers: Answers, scans: Scans, card: Mapping[str, Any], replicates: int) -> dict[str, Entry]:
    """Metrics with intervals over groups.

    `accuracy`, `macro_f1`, `ece` and `brier` are of the version's own task: four classes, or tumour against none.
    `tumor_accuracy`, `tumor_macro_f1`, `tumor_sensitivity`, `tumor_specificity`, `roc_auc`, `tumor_ece` and
    `tumor_brier` are of tumour against none for every version: those to compare versions of different tasks by.
    """
    truth, said, probability = is_tumor(scans), called(answers, card), answers.tumor
    tells_kinds = card.get("task") != TUMOR

    def measure(weights: Floats) -> dict[str, float]:
        found = tumor_metrics(truth, said, probability, weights)
        if tells_kinds:
            own = metrics(scans.labels, answers.probabilities, answers.probabilities, weights)
            return {name: own[name] for name in _OF_KINDS} | found
        return {name: found[f"tumor_{name}"] for name in _OF_KINDS} | found

    counted = {"tumor_sensitivity": truth, "tumor_specificity": ~truth}
    return with_intervals(measure, counted, scans.groups, scans.labels, replicates)


def tumor_metrics(truth: Flags, said: Flags, probability: Floats, weights: Floats) -> dict[str, float]:
    """Metrics of tumour against none.

    Parameters
    ----------
    truth, said : ndarray of bool, shape (n,)
        Whether there is a tumour, and whether one is called.
    probability : ndarray, shape (n,)
        Calibrated tumour probability.
    weights : ndarray, shape (n,)
        How often each scan counts.
    """
    both = np.stack([1 - probability, probability], axis=1)
    labels = truth.astype(np.int64)
    cells = np.array([[weights[(truth == t) & (said == s)].sum() for s in (False, True)] for t in (False, True)])
    hits = np.diag(cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = hits / cells.sum(axis=1), 2 * hits / (cells.sum(axis=1) + cells.sum(axis=0))
    squares = ((both - np.eye(2)[labels]) ** 2).sum(axis=1)
    used = weights > 0
    return {
        "tumor_accuracy": float(hits.sum() / cells.sum()),
        "tumor_macro_f1": float(f1.mean()),
        "tumor_sensitivity": float(recall[1]),
        "tumor_specificity": float(recall[0]),
        "roc_auc": areas(truth, probability, weights)[0],
        "tumor_ece": expected_calibration_error(labels[used], both[used], weights[used]),
        "tumor_brier": float((squares * weights).sum() / weights.sum()),
    }
