"""Selective prediction: what is gained when uncertain scans are referred to a reader."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import (
    CLASS_NAMES,
    CLASSES,
    NO_TUMOR_INDEX,
    OTHER_LESION_LABEL,
    TUMOR_LABEL,
    TumorClass,
    Verdict,
)
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.inference.decision import prediction_set, tumor_probability

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Percentages of scans that the model answers itself.
COVERAGES: Final = (90, 80)
_CURVE_POINTS: Final = 101


def selective_metrics(
    labels: Ints,
    calibrated: Floats,
    verdicts: NDArray[np.object_],
    quantiles: Mapping[TumorClass, float],
    groups: NDArray[np.object_],
    replicates: int,
) -> tuple[dict[str, MetricEntry], dict[str, Any]]:
    """Compute the selective-prediction metrics and risk-coverage curves of one split.

    Returns
    -------
    entries : dict
        `aurc`, the area under the risk-coverage curve of the four classes (Geifman and El-Yaniv 2017; lower is better),
        and `aurc@of:tumor` of tumour against none; `risk@coverage:90`, the error rate among the most confident 90%.
        `share@verdict:...` and `error@verdict:...`: how many scans get a verdict and how often that verdict is wrong
        about tumour against none; `tumors@verdict:...` and `tumor_free@verdict:...`: share of tumour and of tumour-free
        scans with that verdict. `set_coverage` and `set_size` of the prediction sets, overall and by class.
    curves : dict
        `coverage` and `risk` for `classes` and `tumor`.
    """
    tumor = tumor_probability(calibrated)
    is_tumor = labels != NO_TUMOR_INDEX
    tasks = {
        "classes": (calibrated.max(axis=1), calibrated.argmax(axis=1) != labels),
        "tumor": (np.maximum(tumor, 1 - tumor), (tumor >= 0.5) != is_tumor),
    }

    def risk_metrics(weights: Floats) -> dict[str, float]:
        metrics = {"aurc": aurc(*tasks["classes"], weights), "aurc@of:tumor": aurc(*tasks["tumor"], weights)}
        coverage, risk = risk_coverage_curve(*tasks["classes"], weights)
        return metrics | {f"risk@coverage:{c}": float(np.interp(c / 100, coverage, risk)) for c in COVERAGES}

    columns = {**verdict_columns(verdicts, tumor, is_tumor), **_prediction_set_columns(labels, calibrated, quantiles)}
    entries = bootstrap_ci(risk_metrics, {}, groups, labels, replicates) | mean_with_ci(
        columns, groups, labels, replicates
    )
    return entries, {name: thin_risk_curve(*risk_coverage_curve(*task)) for name, task in tasks.items()}


def risk_coverage_curve(
    confidence: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return the share of scans answered, most confident first, and the error rate among them."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.ones(len(order)) if weights is None else weights[order]
    order, counts = order[counts > 0], counts[counts > 0]
    answered = np.cumsum(counts)
    return answered / answered[-1], np.cumsum(counts * wrong[order]) / answered


def aurc(confidence: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None) -> float:
    """Compute the area under the risk-coverage curve."""
    coverage, risk = risk_coverage_curve(confidence, wrong, weights)
    return float((np.diff(coverage, prepend=0.0) * risk).sum())


def verdict_columns(verdicts: NDArray[np.object_], tumor: Floats, is_tumor: NDArray[np.bool_]) -> dict[str, Floats]:
    """Mark which scans get each verdict, and whether that verdict is wrong; see `selective_metrics`."""
    # A verdict that declines to answer is scored by the more probable answer.
    predicts_tumor = np.where(verdicts == Verdict.TUMOR_SUSPECTED, True, tumor >= 0.5)
    predicts_tumor = np.where(verdicts == Verdict.NO_TUMOR_FOUND, False, predicts_tumor)
    columns: dict[str, Floats] = {}
    for verdict in Verdict:
        has_verdict = (verdicts == verdict).astype(float)
        if verdict is Verdict.OUTSIDE_FIELD and not has_verdict.any():  # as for all versions that cannot give it
            continue
        columns[f"share@verdict:{verdict}"] = has_verdict
        columns[f"error@verdict:{verdict}"] = np.where(has_verdict > 0, predicts_tumor != is_tumor, np.nan)
        columns[f"tumors@verdict:{verdict}"] = np.where(is_tumor, has_verdict, np.nan)
        columns[f"tumor_free@verdict:{verdict}"] = np.where(~is_tumor, has_verdict, np.nan)
    return columns


def _prediction_set_columns(
    labels: Ints, calibrated: Floats, quantiles: Mapping[TumorClass, float]
) -> dict[str, Floats]:
    sets = [prediction_set(row, quantiles) for row in calibrated]
    columns = {
        "set_coverage": np.array(
            [CLASSES[label] in members for label, members in zip(labels, sets, strict=True)], float
        ),
        "set_size": np.array([len(members) for members in sets], float),
    }
    return columns | by_subgroup(columns, {f"/{name}": labels == i for i, name in enumerate(CLASS_NAMES)})


def is_in_set(label: str, members: Collection[TumorClass]) -> bool:
    """Return whether a prediction set contains the class of a slice of another source.

    A tumour of unknown type has any tumour as class, another lesion the class no tumour.
    """
    if label == TUMOR_LABEL:
        return any(member.is_tumor for member in members)
    return (TumorClass.NOTUMOR if label == OTHER_LESION_LABEL else TumorClass(label)) in members


def thin_risk_curve(coverage: Floats, risk: Floats) -> dict[str, list[float]]:
    """Reduce a curve to the points needed to draw it."""
    indices = np.unique(np.linspace(0, len(coverage) - 1, min(_CURVE_POINTS, len(coverage))).astype(int))
    return {"coverage": np.round(coverage[indices], 5).tolist(), "risk": np.round(risk[indices], 5).tolist()}
