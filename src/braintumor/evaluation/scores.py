"""Scores of one split: its part of `evaluation.json` and of `curves.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from braintumor.evaluation.entries import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.evaluation.localization import localization_metrics
from braintumor.evaluation.metrics import binary_tasks, classification_metrics, confusion_matrix, reliability_diagram
from braintumor.evaluation.selective import selective_metrics
from braintumor.evaluation.subgroups import manifest_subgroups, subgroup_columns
from braintumor.inference.artifact import ModelCard
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import softmax
from braintumor.vocabulary import CLASS_NAMES, NO_TUMOR_INDEX

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A curve drawn through this many points looks the same as one through all of them.
_CURVE_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class SplitPredictions:
    """What was said of the scans of one split, in the order of their rows in the manifest.

    `calibrated` and `verdicts` are as the detector gives them; `masks`, outlines on the frame, is None where masks
    were not read.
    """

    manifest: pd.DataFrame
    labels: Ints
    outputs: Outputs
    calibrated: Floats
    verdicts: NDArray[np.object_]
    masks: NDArray[np.uint8] | None

    @property
    def groups(self) -> NDArray[np.object_]:
        """Group of each scan."""
        return self.manifest["group"].to_numpy(object)


def score_multiclass(
    predictions: SplitPredictions, card: ModelCard, replicates: int
) -> tuple[dict[str, MetricEntry], dict[str, Any]]:
    """Entries and curves of a split; names of entries are explained in `measures`."""
    probabilities = softmax(card.mask_fusion.fuse_logits(predictions.outputs))
    entries = _classification_entries(predictions, probabilities, replicates)
    chosen, curves = selective_metrics(
        predictions.labels,
        predictions.calibrated,
        predictions.verdicts,
        card.conformal_quantiles,
        predictions.groups,
        replicates,
    )
    slices = manifest_subgroups(predictions.manifest, predictions.masks)
    columns = subgroup_columns(predictions.labels, predictions.calibrated, slices)
    if predictions.masks is not None:
        found = localization_metrics(predictions.outputs, predictions.masks, predictions.labels, card.map_extent)
        kinds = {f"/{name}": predictions.labels == i for i, name in enumerate(CLASS_NAMES)}
        where = {name: chosen for name, chosen in slices.items() if not name.startswith("@origin")}
        columns |= found | by_subgroup(found, kinds | where)
    entries |= chosen | mean_with_ci(columns, predictions.groups, predictions.labels, replicates)
    return entries, {
        **_multiclass_curves(predictions.labels, probabilities, predictions.calibrated),
        "risk_coverage": curves,
    }


def _classification_entries(
    predictions: SplitPredictions, probabilities: Floats, replicates: int
) -> dict[str, MetricEntry]:
    labels, calibrated = predictions.labels, predictions.calibrated
    counted = {
        name: _included_images(name, labels, probabilities)
        for name in classification_metrics(labels, probabilities, calibrated)
    }
    return bootstrap_ci(
        lambda weights: classification_metrics(labels, probabilities, calibrated, weights), counted, predictions.groups, labels, replicates,
        n_jobs=-1,
    )  # fmt: skip


def _included_images(metric: str, labels: Ints, probabilities: Floats) -> NDArray[np.bool_]:
    """Which images a metric is a share of: those of a class for recall, those called one for precision, else all."""
    kind, _, label = metric.partition("/")
    is_tumor = labels != NO_TUMOR_INDEX
    chosen: dict[str, NDArray[np.bool_]] = {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor}
    if kind == "recall":
        return np.asarray(labels == CLASS_NAMES.index(label))
    if kind == "precision":
        return np.asarray(probabilities.argmax(axis=1) == CLASS_NAMES.index(label))
    return chosen.get(kind, np.ones(len(labels), bool))


def _multiclass_curves(labels: Ints, probabilities: Floats, calibrated: Floats) -> dict[str, Any]:
    table = confusion_matrix(labels, probabilities.argmax(axis=1)).astype(int).tolist()
    drawn = roc_and_pr_curves(binary_tasks(labels, calibrated))
    return {"confusion": table, **drawn, "reliability": reliability_diagram(labels, calibrated)}


def roc_and_pr_curves(tasks: Mapping[str, tuple[NDArray[np.bool_], Floats]]) -> dict[str, Any]:
    """Curves `roc` and `pr` of two-way questions: which is true, and the score it is told by."""
    roc, pr = {}, {}
    for name, (truth, scores) in tasks.items():
        if not truth.any() or truth.all():
            continue
        false, true, _ = roc_curve(truth, scores)
        precision, recall, _ = precision_recall_curve(truth, scores)
        roc[name] = {"fpr": thin_curve(false), "tpr": thin_curve(true)}
        pr[name] = {"recall": thin_curve(recall[::-1]), "precision": thin_curve(precision[::-1])}
    return {"roc": roc, "pr": pr}


def thin_curve(values: Floats) -> list[float]:
    """As many points of a curve as it takes to draw it."""
    kept = np.unique(np.linspace(0, len(values) - 1, min(_CURVE_POINTS, len(values))).astype(int))
    return [round(float(v), 5) for v in values[kept]]
