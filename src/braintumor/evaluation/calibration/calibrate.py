"""Calibrate a model on scans it has not learned from, and write the result to its model card."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES, Split, Task
from braintumor.errors import DatasetError
from braintumor.evaluation.calibration.calibration_scans import CalibrationScans, load_calibration_scans
from braintumor.evaluation.calibration.fit import (
    CONFORMAL_LEVEL,
    LEFT_OUT_FALSE_POSITIVE_RATE,
    MAX_FALSE_POSITIVE_RATE,
    describe_binary_threshold,
    describe_thresholds,
    fit_binary_threshold,
    fit_conformal,
    fit_temperature,
    fit_thresholds,
)
from braintumor.evaluation.calibration.fit_ood import fit_ood_reference, ood_card_entry
from braintumor.evaluation.calibration.fit_retrieval import fit_similar_scan_index, measure_retrieval
from braintumor.evaluation.data import evaluated_rows, select_images
from braintumor.fileio import write_atomically
from braintumor.inference.decision import MaskFusion, softmax, tumor_log_odds, tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.input_check.ood import feature_vector
from braintumor.inference.model_card import OOD_REFERENCE_FILE, SIMILAR_SCANS_FILE, update_card
from braintumor.inference.outputs import Outputs
from braintumor.models.recipe import Recipe
from braintumor.settings import Settings
from braintumor.training.inputs.data import TrainingData


def select_tta_views(name: str, data: TrainingData, detector: Detector, settings: Settings) -> None:
    """Write to the model card how many test-time augmentation views give the lowest validation loss.

    Each number of views up to the recipe's `max_views` is tried at its own best temperature. Models without a mask keep
    one view, because their class maps cover the image unevenly and cannot be mirrored.
    """
    rows = data.split_rows(Split.VALIDATION)
    labels, losses = data.labels[rows], {}
    for views in range(1, Recipe(**detector.artifact.card.recipe).max_views + 1):
        outputs = detector.infer_all(data.model_inputs[rows], tta_views=views)
        if outputs.mask is None:
            return
        probabilities = softmax(outputs.logits, fit_temperature(outputs.logits, labels))
        losses[views] = float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)).mean())
    count = min(losses, key=lambda views: losses[views])
    rounded = {str(views): round(loss, 5) for views, loss in losses.items()}
    update_card(name, settings, views={"count": count, "validation_loss": rounded, "n": len(rows)})


def calibrate(name: str, data: TrainingData, outputs: Outputs, detector: Detector, settings: Settings) -> None:
    """Fit mask fusion, temperature, thresholds, conformal quantiles and out-of-distribution limits to validation scans.

    With folds over sources, all but the last are fitted to out-of-fold outputs too; see `load_calibration_scans`.

    Parameters
    ----------
    outputs : Outputs
        Of all images of `data`, in their order.
    """
    scans = load_calibration_scans(settings.outputs / name, data, outputs, settings)
    is_tumor, is_binary = scans.labels != NO_TUMOR_INDEX, detector.artifact.card.task is Task.BINARY
    # A binary model gives all tumour types the same probability, so the first type stands for all.
    labels = np.where(is_tumor, TUMOR_INDICES[0], NO_TUMOR_INDEX) if is_binary else scans.labels
    fusion = _fit_mask_fusion(scans, labels, detector)
    logits = fusion.fuse_logits(scans.outputs)
    temperature = fit_temperature(logits, labels, scans.weights)
    probabilities = softmax(logits, temperature)
    tumor = tumor_probability(probabilities)
    max_false_positive_rate = LEFT_OUT_FALSE_POSITIVE_RATE if scans.has_left_out else MAX_FALSE_POSITIVE_RATE
    thresholds = fit_thresholds(tumor, is_tumor, scans.weights, max_false_positive_rate)
    quantiles = fit_conformal(probabilities, labels, scans.weights)
    if is_binary:
        quantiles |= {CLASS_NAMES[i]: quantiles[CLASS_NAMES[TUMOR_INDICES[0]]] for i in TUMOR_INDICES}
    note = describe_thresholds(scans.describe(), max_false_positive_rate)
    note += scans.describe_rates(tumor, thresholds.rule_in)
    binary_threshold = fit_binary_threshold(tumor, is_tumor, thresholds)
    decision = {"threshold": binary_threshold, "chosen": describe_binary_threshold(len(labels))}
    update_card(
        name,
        settings,
        fusion=fusion.to_dict(),
        temperature=temperature,
        thresholds={"rule_out": thresholds.rule_out, "rule_in": thresholds.rule_in, "chosen": note},
        decision=decision if is_binary else None,
        conformal={"level": CONFORMAL_LEVEL, "quantiles": quantiles},
        ood=_write_ood_reference(name, data, outputs, settings),
        retrieval=_write_similar_scan_index(name, data, outputs, settings),
    )


def _fit_mask_fusion(scans: CalibrationScans, labels: NDArray[np.int64], detector: Detector) -> MaskFusion:
    """Weight class head and mask by logistic regression on validation scans.

    Without external sets, real scans alone would reward evidence about the source dataset, so that the weights are
    fitted to counterfactuals as well. Scale and bias come from real scans only, because the tumour rate among
    counterfactuals is arbitrary.
    """
    mask_evidence = scans.outputs.mask_log_odds()
    if mask_evidence is None or scans.data.masks is None:
        return MaskFusion()
    evidence, truth = np.column_stack([tumor_log_odds(scans.outputs.logits), mask_evidence]), labels != NO_TUMOR_INDEX
    shares = None if scans.weights is None else scans.weights * len(labels)  # 1 on average
    all_evidence, all_truth = evidence, truth
    if shares is None:
        other_evidence, other_truth = _counterfactual_evidence(scans, detector)
        all_evidence, all_truth = np.concatenate([evidence, other_evidence]), np.concatenate([truth, other_truth])
    regression = LogisticRegression(class_weight="balanced").fit(all_evidence, all_truth, shares)
    weights = np.maximum(regression.coef_[0], 0.0)
    scaled = LogisticRegression().fit((evidence @ weights)[:, None], truth, shares)
    class_weight, mask_weight = (float(weight) for weight in weights * scaled.coef_[0, 0])
    return MaskFusion(class_weight, mask_weight, float(scaled.intercept_[0]))


def _counterfactual_evidence(
    scans: CalibrationScans, detector: Detector
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return class and mask log-odds (n, 2) of counterfactual validation scans, and whether they show a tumour."""
    from braintumor.evaluation.counterfactuals import make_counterfactuals

    counterfactuals, is_tumor = make_counterfactuals(scans.data, Split.VALIDATION)
    outputs = detector.infer_all(counterfactuals)
    mask_evidence = np.asarray(outputs.mask_log_odds(), np.float64)
    return np.column_stack([tumor_log_odds(outputs.logits), mask_evidence]), is_tumor


def _write_ood_reference(
    name: str, data: TrainingData, outputs: Outputs, settings: Settings
) -> dict[str, object] | None:
    """Write the out-of-distribution reference and return its card section; None if the model has no features."""
    if outputs.features is None:
        return None
    train, validation = data.split_rows(Split.TRAIN), data.split_rows(Split.VALIDATION)
    if not len(train):
        raise DatasetError(
            f"Cannot skip the training split of {name}: its out-of-distribution reference is fitted to training scans. "
            f"Run: braintumor evaluate {name}"
        )
    features = outputs.features
    reference = fit_ood_reference(
        feature_vector(features[train], data.model_inputs[train]),
        feature_vector(features[validation], data.model_inputs[validation]),
    )
    write_atomically(settings.outputs / name / OOD_REFERENCE_FILE, reference.to_csv())
    return ood_card_entry(reference, len(validation))


def _write_similar_scan_index(
    name: str, data: TrainingData, outputs: Outputs, settings: Settings
) -> dict[str, object] | None:
    """Write the index of training scans and return its card section; None without training scans."""
    rows = evaluated_rows(data)
    data, outputs = select_images(data, rows), outputs.select(rows)
    index = fit_similar_scan_index(data, outputs) if len(data.split_rows(Split.TRAIN)) else None
    if index is None:
        (settings.outputs / name / SIMILAR_SCANS_FILE).unlink(missing_ok=True)
        return None
    write_atomically(settings.outputs / name / SIMILAR_SCANS_FILE, index.to_bytes())
    return measure_retrieval(index, data, outputs)
