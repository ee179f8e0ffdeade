"""Scores of one model on the common scans: for its own task, and for tumour against none."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import EXTERNAL_SPLIT, NO_TUMOR_INDEX, Protocol
from braintumor.evaluation.comparison.predictions import Predictions, predict_cached
from braintumor.evaluation.comparison.scans import CommonScans
from braintumor.evaluation.external_set import (
    EXTERNAL_FOLDER,
    has_external_set,
    index_external_images,
    select_new_tumors,
)
from braintumor.evaluation.metrics.binary import binary_metrics
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci
from braintumor.evaluation.metrics.classification import classification_metrics
from braintumor.evaluation.stress_test.external import score_external
from braintumor.inference.decision import predicted_class
from braintumor.inference.registry import Artifact
from braintumor.results.stress_test import read_external_split
from braintumor.settings import Settings
from braintumor.training.inputs.data import manifest_with_split

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

# Computed for the model's own task, and with the prefix `tumor_` for tumour against none.
_OWN_TASK_METRICS: Final = ("accuracy", "macro_f1", "ece", "brier")
_BINARY_METRICS: Final = ("tumor_sensitivity", "tumor_specificity", "roc_auc")
_EXTERNAL_METRICS: Final = ("roc_auc", "flagged", "flagged_or_uncertain", "rejected", "false_alarms")


def predicts_tumor(predictions: Predictions, binary_threshold: float | None) -> Flags:
    """Mark the scans that a model predicts as tumour: by its class, or by the threshold of a binary model."""
    return np.asarray(predicted_class(predictions.probabilities, binary_threshold) != NO_TUMOR_INDEX)


def correctness_by_metric(
    predictions: Predictions, scans: CommonScans, binary_threshold: float | None
) -> dict[str, Floats]:
    """Mark the correctly classified scans for each task of a model."""
    columns = {"tumor_accuracy": (predicts_tumor(predictions, binary_threshold) == scans.is_tumor).astype(float)}
    if binary_threshold is None:
        columns["accuracy"] = (predicted_class(predictions.probabilities) == scans.labels).astype(float)
    return columns


def score_version(
    predictions: Predictions, scans: CommonScans, binary_threshold: float | None, replicates: int
) -> dict[str, MetricEntry]:
    """Compute metrics with intervals over groups.

    `accuracy`, `macro_f1`, `ece` and `brier` are of the model's own task: four classes, or tumour against none.
    `tumor_accuracy`, `tumor_macro_f1`, `tumor_sensitivity`, `tumor_specificity`, `roc_auc`, `tumor_ece` and
    `tumor_brier` are of tumour against none and comparable between all models.

    Parameters
    ----------
    binary_threshold : float, optional
        Tumour probability above which a binary model predicts tumour; None for a multiclass model.
    """
    predicted, tumor = predicts_tumor(predictions, binary_threshold), predictions.tumor_probability

    def all_metrics(weights: Floats) -> dict[str, float]:
        binary = binary_metrics(scans.is_tumor, predicted, tumor, tumor, weights)
        own_task = binary
        if binary_threshold is None:
            probabilities = predictions.probabilities
            own_task = classification_metrics(scans.labels, probabilities, probabilities, weights)
        return (
            {name: own_task[name] for name in _OWN_TASK_METRICS}
            | {f"tumor_{name}": binary[name] for name in _OWN_TASK_METRICS}
            | {name: binary[name] for name in _BINARY_METRICS}
        )

    included = {"tumor_sensitivity": scans.is_tumor, "tumor_specificity": ~scans.is_tumor}
    return bootstrap_ci(all_metrics, included, scans.groups, scans.labels, replicates)


def load_or_score_external(
    artifact: Artifact, scans: CommonScans, predictions: Predictions, work: Path, settings: Settings, replicates: int
) -> dict[str, Any]:
    """Return the metrics of the external set; empty if they were neither measured before nor the images are available.

    Parameters
    ----------
    predictions : Predictions
        For the test scans; the tumour-free ones are compared with the external tumours.
    work : Path
        Folder for cached predictions.
    """
    if stored := read_external_split(artifact):
        return {name: stored[name] for name in _EXTERNAL_METRICS if name in stored}
    if not has_external_set(settings):
        return {}
    tumors = select_new_tumors(index_external_images(manifest_with_split(Protocol.GROUP, settings), settings))
    external = predict_cached(
        artifact, [settings.inputs / EXTERNAL_FOLDER / path for path in tumors["path"]], EXTERNAL_SPLIT, work, settings
    )
    tumor_free = np.flatnonzero(~scans.is_tumor)
    truth = np.arange(len(tumors) + len(tumor_free)) < len(tumors)
    metrics = score_external(
        truth,
        scores={"": np.concatenate([external.tumor_probability, predictions.tumor_probability[tumor_free]])},
        verdicts=np.concatenate([external.verdicts, predictions.verdicts[tumor_free]]),
        groups=np.concatenate([tumors["group"].to_numpy(object), scans.groups[tumor_free]]),
        replicates=replicates,
    ).metrics
    return {name: metrics[name] for name in _EXTERNAL_METRICS if name in metrics}
