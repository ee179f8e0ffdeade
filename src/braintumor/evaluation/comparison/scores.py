"""Scores of a version on the scans that all are asked about: by its own task, and tumour against none for all."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import NO_TUMOR_INDEX, Protocol
from braintumor.evaluation import scoring
from braintumor.evaluation.comparison.predictions import Predictions, TestScans, predict_cached
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci
from braintumor.evaluation.metrics.classification import classification_metrics
from braintumor.evaluation.stress_test.external import (
    EXTERNAL_FOLDER,
    has_external_set,
    index_external_images,
    score_external,
    select_new_tumors,
)
from braintumor.inference.decision import predicted_class
from braintumor.inference.registry import Artifact
from braintumor.results.study import read_external_split
from braintumor.settings import Settings
from braintumor.training.data import manifest_with_split

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
        alike = scoring.binary_metrics(scans.is_tumor, said, tumor, tumor, weights)
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


EXTERNAL_METRICS = ("roc_auc", "called", "called_or_uncertain", "refused", "false_alarms")


def load_or_score_external(
    artifact: Artifact, scans: TestScans, predictions: Predictions, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Entries of the split `outside`; empty where the pictures are not at hand and the study did not measure them.

    Parameters
    ----------
    answers : Answers
        To the test scans, of which the healthy ones stand against the outside tumours.
    work : Path
        Where answers are kept.
    """
    if known := read_external_split(artifact):
        return {name: known[name] for name in EXTERNAL_METRICS if name in known}
    if not has_external_set(settings):
        return {}
    chosen = select_new_tumors(index_external_images(manifest_with_split(Protocol.GROUP, settings), settings))
    found = predict_cached(
        artifact, [settings.inputs / EXTERNAL_FOLDER / path for path in chosen["path"]], "outside", work, settings
    )
    healthy = np.flatnonzero(~scans.is_tumor)
    truth = np.arange(len(chosen) + len(healthy)) < len(chosen)
    metrics = score_external(
        truth,
        scores={"": np.concatenate([found.tumor_probability, predictions.tumor_probability[healthy]])},
        verdicts=np.concatenate([found.verdicts, predictions.verdicts[healthy]]),
        groups=np.concatenate([chosen["group"].to_numpy(object), scans.groups[healthy]]),
        replicates=replicates,
    ).metrics
    return {name: metrics[name] for name in EXTERNAL_METRICS if name in metrics}
