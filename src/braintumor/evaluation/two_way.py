"""Two ways: the scores of one split for a version that tells tumour from none and no kinds."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.answered import correctness
from braintumor.evaluation.entries import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.evaluation.localization import localization_metrics
from braintumor.evaluation.metrics import expected_calibration_error, reliability_diagram, roc_pr_auc
from braintumor.evaluation.scores import SplitPredictions, roc_and_pr_curves
from braintumor.evaluation.selective import aurc, risk_coverage_curve, thin_risk_curve, verdict_columns
from braintumor.evaluation.subgroups import manifest_subgroups
from braintumor.inference.artifact import ModelCard
from braintumor.inference.verdict import predicted_class, prediction_set, softmax, tumor_probability
from braintumor.vocabulary import NO_TUMOR_INDEX, TUMOR_INDICES, TUMOR_LABEL, TumorClass

Floats = NDArray[np.float64]
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
