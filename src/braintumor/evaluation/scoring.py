"""Scores and curves of one split, for multiclass and binary models."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES, TUMOR_LABEL, TumorClass
from braintumor.evaluation.data import SplitPredictions
from braintumor.evaluation.metrics.binary import (
    binary_confidence,
    binary_confusion_matrix,
    binary_metrics,
    binary_reliability_diagram,
)
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.evaluation.metrics.classification import (
    binary_tasks,
    classification_metrics,
    confusion_matrix,
    correctness,
    reliability_diagram,
)
from braintumor.evaluation.metrics.curves import roc_and_pr_curves
from braintumor.evaluation.metrics.segmentation import localization_metrics
from braintumor.evaluation.metrics.selective import (
    risk_coverage_curve,
    selective_metrics,
    thin_risk_curve,
    verdict_columns,
)
from braintumor.evaluation.metrics.subgroups import SubgroupMasks, manifest_subgroups, subgroup_columns
from braintumor.inference.decision import predicted_class, prediction_set, softmax, tumor_probability
from braintumor.inference.model_card import ModelCard
from braintumor.results.metric import BINARY_LABELS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SplitScores = tuple[dict[str, MetricEntry], dict[str, Any]]


def score_split(predictions: SplitPredictions, card: ModelCard, replicates: int) -> SplitScores:
    """Compute the metrics and curves of one split; `braintumor.results.metric` explains the names of metrics."""
    score = score_multiclass if card.binary_threshold is None else score_binary
    return score(predictions, card, replicates)


def score_multiclass(predictions: SplitPredictions, card: ModelCard, replicates: int) -> SplitScores:
    """Compute the metrics and curves of one split for a model that predicts the tumour type."""
    labels, calibrated, groups = predictions.labels, predictions.calibrated, predictions.groups
    probabilities = softmax(card.mask_fusion.fuse_logits(predictions.outputs))
    entries = _classification_entries(predictions, probabilities, replicates)
    selective_entries, risk_curves = selective_metrics(
        labels, calibrated, predictions.verdicts, card.conformal_quantiles, groups, replicates
    )
    subgroups = manifest_subgroups(predictions.manifest, predictions.masks)
    columns = subgroup_columns(labels, calibrated, subgroups)
    if predictions.masks is not None:
        localization = localization_metrics(predictions.outputs, predictions.masks, labels, card.map_extent)
        by_class = {f"/{name}": labels == i for i, name in enumerate(CLASS_NAMES)}
        columns |= localization | by_subgroup(localization, by_class | _without_origin(subgroups))
    entries |= selective_entries | mean_with_ci(columns, groups, labels, replicates)
    curves = {
        "confusion": confusion_matrix(labels, probabilities.argmax(axis=1)).astype(int).tolist(),
        **roc_and_pr_curves(binary_tasks(labels, calibrated)),
        "reliability": reliability_diagram(labels, calibrated),
        "risk_coverage": risk_curves,
    }
    return entries, curves


def score_binary(predictions: SplitPredictions, card: ModelCard, replicates: int) -> SplitScores:
    """Compute the metrics and curves of one split for a binary model, under the names that multiclass models use."""
    groups, is_tumor = predictions.groups, predictions.labels != NO_TUMOR_INDEX
    predicted = predicted_class(predictions.calibrated, card.binary_threshold) != NO_TUMOR_INDEX
    uncalibrated = tumor_probability(softmax(card.mask_fusion.fuse_logits(predictions.outputs)))
    tumor = tumor_probability(predictions.calibrated)
    strata = np.where(is_tumor, TUMOR_INDICES[0], NO_TUMOR_INDEX)
    entries = bootstrap_ci(
        lambda weights: binary_metrics(is_tumor, predicted, uncalibrated, tumor, weights),
        {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor},
        groups,
        strata,
        replicates,
    )
    subgroups = manifest_subgroups(predictions.manifest, predictions.masks)
    columns = by_subgroup(correctness(predictions.labels, predictions.calibrated, card.binary_threshold), subgroups)
    columns |= verdict_columns(predictions.verdicts, tumor, is_tumor) | _binary_set_columns(predictions, card, is_tumor)
    if predictions.masks is not None:
        # A binary model has the same map for every tumour type.
        localization = localization_metrics(predictions.outputs, predictions.masks, strata, card.map_extent)
        columns |= localization | by_subgroup(localization, _without_origin(subgroups))
    entries |= mean_with_ci(columns, groups, strata, replicates)
    risk_curve = risk_coverage_curve(binary_confidence(tumor), predicted != is_tumor)
    return entries, {
        "confusion": binary_confusion_matrix(is_tumor, predicted).astype(int).tolist(),
        **roc_and_pr_curves({TUMOR_LABEL: (is_tumor, tumor)}),
        "reliability": binary_reliability_diagram(is_tumor, tumor),
        "risk_coverage": {TUMOR_LABEL: thin_risk_curve(*risk_curve)},
    }


def _classification_entries(
    predictions: SplitPredictions, probabilities: Floats, replicates: int
) -> dict[str, MetricEntry]:
    labels, calibrated = predictions.labels, predictions.calibrated
    included = {
        name: _included_images(name, labels, probabilities)
        for name in classification_metrics(labels, probabilities, calibrated)
    }
    return bootstrap_ci(
        lambda weights: classification_metrics(labels, probabilities, calibrated, weights),
        included,
        predictions.groups,
        labels,
        replicates,
        n_jobs=-1,
    )


def _included_images(metric: str, labels: Ints, probabilities: Floats) -> Bools:
    """Select the images in a metric's denominator: of a class for recall, predicted as it for precision, else all."""
    measure, _, label = metric.partition("/")
    is_tumor = labels != NO_TUMOR_INDEX
    by_truth: dict[str, Bools] = {"tumor_sensitivity": is_tumor, "tumor_specificity": ~is_tumor}
    if measure == "recall":
        return np.asarray(labels == CLASS_NAMES.index(label))
    if measure == "precision":
        return np.asarray(probabilities.argmax(axis=1) == CLASS_NAMES.index(label))
    return by_truth.get(measure, np.ones(len(labels), bool))


def _without_origin(subgroups: SubgroupMasks) -> SubgroupMasks:
    return {name: selected for name, selected in subgroups.items() if not name.startswith("@origin")}


def _binary_set_columns(predictions: SplitPredictions, card: ModelCard, is_tumor: Bools) -> dict[str, Floats]:
    """Score coverage and size of prediction sets whose two possible members are any tumour and none."""
    sets = [prediction_set(row, card.conformal_quantiles, card.binary_threshold) for row in predictions.calibrated]
    has_none = np.array([TumorClass.NOTUMOR in members for members in sets])
    has_tumor = np.array([any(member.is_tumor for member in members) for members in sets])
    columns = {
        "set_coverage": np.where(is_tumor, has_tumor, has_none).astype(float),
        "set_size": has_none.astype(float) + has_tumor,
    }
    truth = np.where(is_tumor, *BINARY_LABELS).astype(object)
    return columns | by_subgroup(columns, {f"/{name}": truth == name for name in BINARY_LABELS})
