"""Calibrate a version on its validation split, and write what was chosen into its card."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from braintumor.enums import CLASS_NAMES, NO_TUMOR_INDEX, TUMOR_INDICES, Split, Task
from braintumor.errors import DatasetError
from braintumor.evaluation.calibration.fit_ood import fit_ood_reference, ood_card_entry
from braintumor.evaluation.calibration.fit_retrieval import fit_similar_scan_index, measure_retrieval
from braintumor.fileio import write_atomically
from braintumor.inference.decision import MaskFusion, Thresholds, softmax, tumor_log_odds, tumor_probability
from braintumor.inference.detector import Detector
from braintumor.inference.ood import feature_vector
from braintumor.inference.outputs import Outputs
from braintumor.inference.registry import OOD_REFERENCE_FILE, SIMILAR_SCANS_FILE
from braintumor.settings import Settings
from braintumor.training.card_draft import update_card
from braintumor.training.data import TrainingData


def select_tta_views(name: str, data: TrainingData, detector: Detector, settings: Settings) -> None:
    """Write into the card how many views an answer takes: those under which the validation labels are likelier.

    Each is tried at its own best temperature. Versions without a mask keep the one view they were trained to answer
    from: their maps cover the frame unevenly and cannot be turned over.
    """
    rows = data.split_rows(Split.VALIDATION)
    labels, losses = data.labels[rows], {}
    for views in (1, 2):
        outputs = detector.infer_all(data.model_inputs[rows], tta_views=views)
        if outputs.mask is None:
            return
        probabilities = softmax(outputs.logits, fit_temperature(outputs.logits, labels))
        losses[views] = float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)).mean())
    count = min(losses, key=lambda views: losses[views])
    said = {str(views): round(loss, 5) for views, loss in losses.items()}
    update_card(name, settings, views={"count": count, "validation_loss": said, "n": len(rows)})


CONFORMAL_LEVEL: Final = 0.95
# Share of validation tumours that may be cleared, and of healthy validation scans that may be called: at least 98% of
# tumours are to be called or left open, and at most one healthy scan in twenty called, with room for other groups. The
# values of the thresholds are of validation scans alone; these two shares were kept, and others dropped, by what the
# earlier v4 did with test scans (docs/decisions/2026-11-21-breaking-the-shortcut.md).
MAX_FALSE_NEGATIVE_RATE: Final = 0.02
MAX_FALSE_POSITIVE_RATE: Final = 0.02


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """Temperature that makes the validation labels most likely (Guo et al. 2017), between 0.05 and 20."""

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, math.exp(log_temperature))
        return float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0)).mean())

    return float(math.exp(minimize_scalar(loss, bounds=(math.log(0.05), math.log(20.0)), method="bounded").x))


def fit_thresholds(tumor: NDArray[np.floating], is_tumor: NDArray[np.bool_]) -> Thresholds:
    """Thresholds on the tumour probability from the validation split.

    At or below `low` lie at most `MISSED` of the tumours; at or above `high` at most `FALSE_ALARMS` of the healthy
    scans. Both lie where that leaves the fewest scans between them; where one point can keep both promises it serves
    as both, so that the model declines only when it must.
    """
    diseased, healthy = np.sort(tumor[is_tumor]), np.sort(tumor[~is_tumor])
    # The first tumour that may not be cleared, and the first healthy scan that may not be called.
    keep = float(diseased[math.floor(MAX_FALSE_NEGATIVE_RATE * len(diseased))])
    spare = float(healthy[len(healthy) - 1 - math.floor(MAX_FALSE_POSITIVE_RATE * len(healthy))])
    if spare < keep:
        middle = (spare + keep) / 2
        return Thresholds(middle, middle)
    return Thresholds(_next_float(keep, 0.0), _next_float(spare, 1.0))


def _next_float(value: float, towards: float) -> float:
    return float(np.nextafter(value, towards))


def fit_binary_threshold(tumor: NDArray[np.floating], is_tumor: NDArray[np.bool_], thresholds: Thresholds) -> float:
    """The tumour probability from which on tumour is said: where sensitivity and specificity add up to most.

    Youden's index (1950); among thresholds that reach it, the middle of the lowest gap between two scans. It lies
    within the thresholds of the verdict, so that what is called is never said to be healthy, nor the other way round.
    """
    values, lowest = np.unique(tumor), min(_next_float(thresholds.rule_out, 1.0), thresholds.rule_in)
    edges = np.concatenate([[lowest], (values[1:] + values[:-1]) / 2, [thresholds.rule_in]])
    edges = edges[(edges >= lowest) & (edges <= thresholds.rule_in)]
    found = np.searchsorted(np.sort(tumor[is_tumor]), edges) / max(1, is_tumor.sum())
    spared = np.searchsorted(np.sort(tumor[~is_tumor]), edges) / max(1, (~is_tumor).sum())
    return float(edges[int(np.argmax(spared - found))])


def describe_binary_threshold(count: int) -> str:
    """How the decision threshold was chosen, for the card."""
    return (
        f"On {count} validation images: where sensitivity and specificity add up to most (Youden 1950), kept within "
        "the thresholds of the verdict."
    )


def describe_thresholds(count: int, groups: int) -> str:
    """How the thresholds were chosen, for the card."""
    return (
        f"On {count} validation images of {groups} groups: at or below `low` lies at most {MAX_FALSE_NEGATIVE_RATE:.0%} of the tumours, "
        f"at or above `high` at most {MAX_FALSE_POSITIVE_RATE:.0%} of the healthy scans; between them the verdict is `uncertain`."
    )


def fit_conformal(probabilities: NDArray[np.floating], labels: NDArray[np.int64]) -> dict[str, float]:
    """Quantile of 1 - p(truth) of each class, for prediction sets with 95% coverage whatever the class.

    Split conformal prediction, conditional on the class (Vovk 2012), finite-sample corrected. Calibrated over images
    as if they were independent; with few groups the promise is looser than its name.
    """
    return {
        name: _conformal_quantile(1.0 - probabilities[labels == index, index]) for index, name in enumerate(CLASS_NAMES)
    }


def _conformal_quantile(scores: NDArray[np.floating]) -> float:
    rank = math.ceil((len(scores) + 1) * CONFORMAL_LEVEL)
    return float(np.sort(scores)[rank - 1]) if rank <= len(scores) else 1.0


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
    from braintumor.evaluation.counterfactuals import make_counterfactuals

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
