"""Calibrate a version on its validation split, and write what was chosen into its card."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from braintumor.errors import DatasetError
from braintumor.evaluation.calibration import (
    CONFORMAL_LEVEL,
    decision_note,
    fit_conformal,
    fit_decision,
    fit_temperature,
    fit_thresholds,
    thresholds_note,
)
from braintumor.evaluation.novelty import fit_novelty, novelty_entry
from braintumor.evaluation.retrieval import fit_neighbours, measure_retrieval
from braintumor.files import write_atomically
from braintumor.inference.artifact import NEIGHBOURS, NOVELTY
from braintumor.inference.detector import Detector
from braintumor.inference.fusion import Fusion, tumor_log_odds
from braintumor.inference.novelty import described
from braintumor.inference.outputs import Outputs
from braintumor.inference.verdict import softmax, tumor_probability
from braintumor.settings import Settings
from braintumor.training.card import update_card
from braintumor.training.data import TrainingData
from braintumor.vocabulary import CLASS_NAMES, HEALTHY_INDEX, TUMOR_INDICES, Split, Task


def calibrate(name: str, data: TrainingData, outputs: Outputs, detector: Detector, settings: Settings) -> None:
    """Choose fusion, temperature, thresholds, conformal quantiles and novelty limits; only validation scans decide.

    Parameters
    ----------
    outputs : Outputs
        Of every frame of `data`, in its order.
    """
    rows = data.rows(Split.VALIDATION)
    truth, held = data.labels[rows], outputs.at(rows)
    ill, two_way = truth != HEALTHY_INDEX, detector.artifact.card.task is Task.TUMOR
    # Where kinds are not told apart they share their probability, so that the first of them can stand for all.
    labels = np.where(ill, TUMOR_INDICES[0], HEALTHY_INDEX) if two_way else truth
    fusion = _fit_fusion(held, labels, data, detector)
    logits = fusion.logits(held)
    temperature = fit_temperature(logits, labels)
    probabilities = softmax(logits, temperature)
    tumor = tumor_probability(probabilities)
    limits = fit_thresholds(tumor, ill)
    quantiles = fit_conformal(probabilities, labels)
    if two_way:
        quantiles |= {CLASS_NAMES[i]: quantiles[CLASS_NAMES[TUMOR_INDICES[0]]] for i in TUMOR_INDICES}
    note = thresholds_note(len(rows), data.groups()[str(Split.VALIDATION)])
    decision = {"threshold": fit_decision(tumor, ill, limits), "chosen": decision_note(len(rows))}
    update_card(
        name,
        settings,
        fusion=fusion.to_dict(),
        temperature=temperature,
        thresholds={"low": limits.low, "high": limits.high, "chosen": note},
        decision=decision if two_way else None,
        conformal={"level": CONFORMAL_LEVEL, "quantiles": quantiles},
        novelty=_fit_novelty(name, data, outputs, settings),
        retrieval=_keep_neighbours(name, data, outputs, settings),
    )


def _fit_fusion(held: Outputs, labels: NDArray[np.int64], data: TrainingData, detector: Detector) -> Fusion:
    """Weights of class head and mask, by logistic regression on validation scans and counterfactual ones of them.

    Real scans alone would weigh both by how well they tell the collections apart. Their scale and bias, though, are
    of real scans: how common tumours are among the made ones means nothing.
    """
    evidence = held.mask_evidence()
    if evidence is None or data.masks is None:
        return Fusion()
    from braintumor.evaluation.counterfactual import counterfactuals

    frames, is_tumor = counterfactuals(data, Split.VALIDATION)
    made = detector.infer_all(frames)
    logits = np.concatenate([held.logits, made.logits])
    seen = np.column_stack([tumor_log_odds(logits), np.concatenate([evidence, made.mask_evidence()])])
    truth = np.concatenate([labels != HEALTHY_INDEX, is_tumor])
    weights = np.maximum(LogisticRegression(class_weight="balanced").fit(seen, truth).coef_[0], 0.0)
    scaled = LogisticRegression().fit((seen[: len(labels)] @ weights)[:, None], truth[: len(labels)])
    label, mask = (float(weight) for weight in weights * scaled.coef_[0, 0])
    return Fusion(label, mask, float(scaled.intercept_[0]))


def _fit_novelty(name: str, data: TrainingData, outputs: Outputs, settings: Settings) -> dict[str, object] | None:
    """Write the reference beside the model and return its entry in the card; None where there are no features."""
    if outputs.features is None:
        return None
    train, held = data.rows(Split.TRAIN), data.rows(Split.VALIDATION)
    if not len(train):
        raise DatasetError(
            f"{name} knows what is strange from its training scans, so they cannot be left out. "
            f"Measure it with: braintumor evaluate {name}"
        )
    features = outputs.features
    reference = fit_novelty(
        described(features[train], data.frames[train]), described(features[held], data.frames[held])
    )
    write_atomically(settings.outputs / name / NOVELTY, reference.table())
    return novelty_entry(reference, len(held))


def _keep_neighbours(name: str, data: TrainingData, outputs: Outputs, settings: Settings) -> dict[str, object] | None:
    """Write the index of training scans beside the model and return its entry in the card; it decides nothing."""
    index = fit_neighbours(data, outputs) if len(data.rows(Split.TRAIN)) else None
    if index is None:
        (settings.outputs / name / NEIGHBOURS).unlink(missing_ok=True)
        return None
    write_atomically(settings.outputs / name / NEIGHBOURS, index.to_bytes())
    return measure_retrieval(index, data, outputs)
