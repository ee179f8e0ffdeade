"""Calibrate a version on its validation split, and write what was chosen into its card."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.errors import DatasetError
from braintumor.evaluation.calibration import (
    CONFORMAL_LEVEL,
    describe_binary_threshold,
    describe_thresholds,
    fit_binary_threshold,
    fit_conformal,
    fit_temperature,
    fit_thresholds,
)
from braintumor.evaluation.novelty import fit_ood_reference, ood_card_entry
from braintumor.evaluation.retrieval import fit_similar_scan_index, measure_retrieval
from braintumor.files import write_atomically
from braintumor.inference.artifact import OOD_REFERENCE_FILE, SIMILAR_SCANS_FILE
from braintumor.inference.detector import Detector
from braintumor.inference.fusion import MaskFusion, tumor_log_odds
from braintumor.inference.novelty import feature_vector
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import softmax, tumor_probability
from braintumor.settings import Settings
from braintumor.training.card import update_card
from braintumor.training.data import TrainingData
from braintumor.vocabulary import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES, Split, Task


def calibrate(name: str, data: TrainingData, outputs: Outputs, detector: Detector, settings: Settings) -> None:
    """Choose fusion, temperature, thresholds, conformal quantiles and novelty limits; only validation scans decide.

    Parameters
    ----------
    outputs : Outputs
        Of every frame of `data`, in its order.
    """
    rows = data.split_rows(Split.VALIDATION)
    truth, held = data.labels[rows], outputs.select(rows)
    ill, two_way = truth != NO_TUMOR_INDEX, detector.artifact.card.task is Task.BINARY
    # Where kinds are not told apart they share their probability, so that the first of them can stand for all.
    labels = np.where(ill, TUMOR_INDICES[0], NO_TUMOR_INDEX) if two_way else truth
    fusion = _fit_mask_fusion(held, labels, data, detector)
    logits = fusion.fuse_logits(held)
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits, temperature)
    tumor = tumor_probability(probabilities)
    limits = fit_thresholds(tumor, ill)
    quantiles = fit_conformal(probabilities, labels)
    if two_way:
        quantiles |= {CLASS_NAMES[i]: quantiles[CLASS_NAMES[TUMOR_INDICES[0]]] for i in TUMOR_INDICES}
    note = describe_thresholds(len(rows), data.count_groups()[str(Split.VALIDATION)])
    decision = {"threshold": fit_binary_threshold(tumor, ill, limits), "chosen": describe_binary_threshold(len(rows))}
    update_card(
        name,
        settings,
        fusion=fusion.to_dict(),
        temperature=temperature,
        thresholds={"low": limits.rule_out, "high": limits.rule_in, "chosen": note},
        decision=decision if two_way else None,
        conformal={"level": CONFORMAL_LEVEL, "quantiles": quantiles},
        novelty=_write_ood_reference(name, data, outputs, settings),
        retrieval=_write_similar_scan_index(name, data, outputs, settings),
    )


def _fit_mask_fusion(
    validation_outputs: Outputs, labels: NDArray[np.int64], data: TrainingData, detector: Detector
) -> MaskFusion:
    """Weights of class head and mask, by logistic regression on validation scans and counterfactual ones of them.

    Real scans alone would weigh both by how well they tell the collections apart. Their scale and bias, though, are
    of real scans: how common tumours are among the made ones means nothing.
    """
    evidence = validation_outputs.mask_log_odds()
    if evidence is None or data.masks is None:
        return MaskFusion()
    from braintumor.evaluation.counterfactual import make_counterfactuals

    frames, is_tumor = make_counterfactuals(data, Split.VALIDATION)
    made = detector.infer_all(frames)
    logits = np.concatenate([validation_outputs.logits, made.logits])
    seen = np.column_stack([tumor_log_odds(logits), np.concatenate([evidence, made.mask_log_odds()])])
    truth = np.concatenate([labels != NO_TUMOR_INDEX, is_tumor])
    weights = np.maximum(LogisticRegression(class_weight="balanced").fit(seen, truth).coef_[0], 0.0)
    scaled = LogisticRegression().fit((seen[: len(labels)] @ weights)[:, None], truth[: len(labels)])
    label, mask = (float(weight) for weight in weights * scaled.coef_[0, 0])
    return MaskFusion(label, mask, float(scaled.intercept_[0]))


def _write_ood_reference(
    name: str, data: TrainingData, outputs: Outputs, settings: Settings
) -> dict[str, object] | None:
    """Write the reference beside the model and return its entry in the card; None where there are no features."""
    if outputs.features is None:
        return None
    train, held = data.split_rows(Split.TRAIN), data.split_rows(Split.VALIDATION)
    if not len(train):
        raise DatasetError(
            f"{name} knows what is strange from its training scans, so they cannot be left out. "
            f"Measure it with: braintumor evaluate {name}"
        )
    features = outputs.features
    reference = fit_ood_reference(
        feature_vector(features[train], data.model_inputs[train]),
        feature_vector(features[held], data.model_inputs[held]),
    )
    write_atomically(settings.outputs / name / OOD_REFERENCE_FILE, reference.to_csv())
    return ood_card_entry(reference, len(held))


def _write_similar_scan_index(
    name: str, data: TrainingData, outputs: Outputs, settings: Settings
) -> dict[str, object] | None:
    """Write the index of training scans beside the model and return its entry in the card; it decides nothing."""
    index = fit_similar_scan_index(data, outputs) if len(data.split_rows(Split.TRAIN)) else None
    if index is None:
        (settings.outputs / name / SIMILAR_SCANS_FILE).unlink(missing_ok=True)
        return None
    write_atomically(settings.outputs / name / SIMILAR_SCANS_FILE, index.to_bytes())
    return measure_retrieval(index, data, outputs)
