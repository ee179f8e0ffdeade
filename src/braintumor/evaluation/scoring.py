"""Two ways: the scores of one split for a version that tells tumour from none and no kinds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES, TUMOR_LABEL, TumorClass
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.evaluation.metrics.classification import (
    binary_tasks,
    classification_metrics,
    confusion_matrix,
    correctness,
    expected_calibration_error,
    reliability_diagram,
    roc_pr_auc,
)
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.metrics.selective import (
    aurc,
    risk_coverage_curve,
    selective_metrics,
    thin_risk_curve,
    verdict_columns,
)
from braintumor.evaluation.metrics.subgroups import manifest_subgroups, subgroup_columns
from braintumor.inference.decision import predicted_class, prediction_set, softmax, tumor_probability
from braintumor.inference.outputs import Outputs
from braintumor.inference.registry import ModelCard

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


Bools = NDArray[np.bool_]

BINARY_CLASS_NAMES: Final = (TUMOR_LABEL, str(TumorClass.NOTUMOR))  # rows and columns of the confusion matrix


def score_binary(
    predictions: SplitPredictions, card: ModelCard, replicates: int
) -> tuple[dict[str, MetricEntry], dict[str, Any]]:
    """Entries and curves of a split, by the names they have for four classes; see `measures`."""
    ill = predictions.labels != NO_TUMOR_INDEX
    said = predicted_class(predictions.calibrated, card.binary_threshold) != NO_TUMOR_INDEX
    plain = tumor_probability(softmax(card.mask_fusion.fuse_logits(predictions.outputs)))
    tumor = tumor_probability(predictions.calibrated)
    strata = np.where(ill, TUMOR_INDICES[0], NO_TUMOR_INDEX)
    entries = bootstrap_ci(
        lambda weights: binary_metrics(ill, said, plain, tumor, weights),
        _binary_included_images(ill),
        predictions.groups,
        strata,
        replicates,
    )
    slices = manifest_subgroups(predictions.manifest, predictions.masks)
    columns = correctness(predictions.labels, predictions.calibrated, card.binary_threshold)
    columns = (
        by_subgroup(columns, slices)
        | verdict_columns(predictions.verdicts, tumor, ill)
        | _binary_set_columns(predictions, card, ill)
    )
    if predictions.masks is not None:
        # The map of any tumour is the same whatever its kind.
        found = localization_metrics(predictions.outputs, predictions.masks, strata, card.map_extent)
        where = {name: chosen for name, chosen in slices.items() if not name.startswith("@origin")}
        columns |= found | by_subgroup(found, where)
    entries |= mean_with_ci(columns, predictions.groups, strata, replicates)
    curves = risk_coverage_curve(_binary_confidence(tumor), said != ill)
    return entries, {
        "confusion": binary_confusion_matrix(ill, said).astype(int).tolist(),
        **roc_and_pr_curves({TUMOR_LABEL: (ill, tumor)}),
        "reliability": reliability_diagram(binary_class_indices(ill), _binary_probabilities(tumor)),
        "risk_coverage": {TUMOR_LABEL: thin_risk_curve(*curves)},
    }


def binary_metrics(
    is_tumor: Bools, predicted: Bools, uncalibrated: Floats, calibrated: Floats, weights: Floats | None = None
) -> dict[str, float]:
    """All metrics of one set.

    Parameters
    ----------
    ill, said : ndarray of bool, shape (n,)
        Whether there is tumour, and whether the version says so.
    plain, tumor : ndarray, shape (n,)
        Tumour probability as the network gives it, of which `loss` is, and calibrated.
    weights : ndarray, shape (n,), optional
        How often each image counts; one each by default.
    """
    weights = np.ones(len(is_tumor)) if weights is None else weights
    table, total = binary_confusion_matrix(is_tumor, predicted, weights), weights.sum()
    hits, truth, answers = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, f1 = hits / truth, 2 * hits / (truth + answers)
    given = np.clip(np.where(is_tumor, uncalibrated, 1 - uncalibrated), 1e-7, 1.0)
    roc, pr = roc_pr_auc(is_tumor, calibrated, weights)
    return {
        "accuracy": float(hits.sum() / total), "macro_f1": float(f1.mean()),
        "tumor_sensitivity": float(recall[0]), "tumor_specificity": float(recall[1]),
        "loss": float(-(np.log(given) * weights).sum() / total),
        "ece": expected_calibration_error(binary_class_indices(is_tumor), _binary_probabilities(calibrated), weights),
        "brier": float((2 * (calibrated - is_tumor) ** 2 * weights).sum() / total),
        "roc_auc": roc, "pr_auc": pr, "aurc": aurc(_binary_confidence(calibrated), predicted != is_tumor, weights),
    }  # fmt: skip


def binary_confusion_matrix(is_tumor: Bools, predicted: Bools, weights: Floats | None = None) -> Floats:
    """Confusion matrix (2, 2): rows are the truth, columns what is said, tumour first."""
    return np.bincount(2 * ~is_tumor + ~predicted, weights=weights, minlength=4).reshape(2, 2).astype(np.float64)


def binary_class_indices(is_tumor: Bools) -> NDArray[np.int64]:
    """0 for tumour, 1 for none: numbers of `NAMES`."""
    return np.where(is_tumor, 0, 1)


def _binary_probabilities(tumor: Floats) -> Floats:
    return np.column_stack([tumor, 1 - tumor])


def _binary_confidence(tumor: Floats) -> Floats:
    return np.maximum(tumor, 1 - tumor)


def _binary_included_images(is_tumor: Bools) -> dict[str, Bools]:
    return {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor}


def _binary_set_columns(predictions: SplitPredictions, card: ModelCard, is_tumor: Bools) -> dict[str, Floats]:
    """Coverage and size of prediction sets, whose two members are any tumour and none."""
    sets = [prediction_set(row, card.conformal_quantiles, card.binary_threshold) for row in predictions.calibrated]
    healthy = np.array([TumorClass.NOTUMOR in found for found in sets])
    tumor = np.array([any(c.is_tumor for c in found) for found in sets])
    columns = {
        "set_coverage": np.where(is_tumor, tumor, healthy).astype(float),
        "set_size": healthy.astype(float) + tumor,
    }
    truth = np.where(is_tumor, *BINARY_CLASS_NAMES).astype(object)
    return columns | by_subgroup(columns, {f"/{name}": truth == name for name in BINARY_CLASS_NAMES})
