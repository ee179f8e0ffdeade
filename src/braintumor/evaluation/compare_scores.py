"""Scores of a version on the scans that all are asked about: by its own task, and tumour against none for all."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation import two_way
from braintumor.evaluation.compare_answers import Answers, Scans
from braintumor.evaluation.entries import Entry, with_intervals
from braintumor.evaluation.metrics import metrics
from braintumor.inference.verdict import likeliest
from braintumor.vocabulary import HEALTHY_INDEX

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Of a version's own task, and under another name of tumour against none.
_OWN: Final = ("accuracy", "macro_f1", "ece", "brier")
_ALIKE: Final = ("tumor_sensitivity", "tumor_specificity", "roc_auc")


def called(answers: Answers, decision: float | None) -> Flags:
    """Whether a version calls tumour: by its most probable class, or by its threshold where it tells no kinds."""
    return np.asarray(likeliest(answers.probabilities, decision) != HEALTHY_INDEX)


def right(answers: Answers, scans: Scans, decision: float | None) -> dict[str, Floats]:
    """Whether each scan was answered right, for each question that a version answers: what pairs are compared by."""
    found = {"tumor_accuracy": (called(answers, decision) == scans.ill).astype(float)}
    if decision is None:
        found["accuracy"] = (likeliest(answers.probabilities) == scans.labels).astype(float)
    return found


def score_version(answers: Answers, scans: Scans, decision: float | None, replicates: int) -> dict[str, Entry]:
    """Metrics with intervals over groups.

    `accuracy`, `macro_f1`, `ece` and `brier` are of the version's own task: four classes, or tumour against none.
    `tumor_accuracy`, `tumor_macro_f1`, `tumor_sensitivity`, `tumor_specificity`, `roc_auc`, `tumor_ece` and
    `tumor_brier` are of tumour against none for every version: those to compare versions of different tasks by.

    Parameters
    ----------
    decision : float, optional
        Tumour probability from which on a version that tells no kinds says tumour; None for one that tells them.
    """
    said, tumor = called(answers, decision), answers.tumor

    def measure(weights: Floats) -> dict[str, float]:
        alike = two_way.metrics(scans.ill, said, tumor, tumor, weights)
        own = alike if decision is not None else metrics(
            scans.labels, answers.probabilities, answers.probabilities, weights
        )  # fmt: skip
        return (
            {name: own[name] for name in _OWN}
            | {f"tumor_{name}": alike[name] for name in _OWN}
            | {name: alike[name] for name in _ALIKE}
        )

    counted = {"tumor_sensitivity": scans.ill, "tumor_specificity": ~scans.ill}
    return with_intervals(measure, counted, scans.groups, scans.labels, replicates)
