"""Selective reading: what is gained by leaving unsure scans to a reader, by confidence, verdict and prediction set."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, CLASSES, NO_TUMOR_INDEX, TumorClass, Verdict
from braintumor.evaluation.metrics.bootstrap import MetricEntry, bootstrap_ci, by_subgroup, mean_with_ci
from braintumor.inference.decision import prediction_set, tumor_probability

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Shares of the scans the model answers itself, in percent.
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
    """Entries and curves of one split.

    Returns
    -------
    entries : dict
        `aurc` (area under risk against coverage, Geifman and El-Yaniv 2017: less is better) of the four classes, and
        `aurc@of:tumor` of tumour or none; `risk@coverage:90`, the error among the surest 90%. `share@verdict:...` and
        `error@verdict:...`, how many scans get a verdict and how many of them would get the wrong one of tumour and
        none; `tumors@verdict:...` and `healthy@verdict:...`, how many of those get it. `set_coverage` and `set_size`
        of the prediction sets, also by class.
    curves : dict
        `coverage` and `risk` by `classes` and `tumor`.
    """
    tumor = tumor_probability(calibrated)
    ill = labels != NO_TUMOR_INDEX
    questions = {
        "classes": (calibrated.max(axis=1), calibrated.argmax(axis=1) != labels),
        "tumor": (np.maximum(tumor, 1 - tumor), (tumor >= 0.5) != ill),
    }

    def measure(weights: Floats) -> dict[str, float]:
        found = {"aurc": aurc(*questions["classes"], weights), "aurc@of:tumor": aurc(*questions["tumor"], weights)}
        coverage, risk = risk_coverage_curve(*questions["classes"], weights)
        return found | {f"risk@coverage:{c}": float(np.interp(c / 100, coverage, risk)) for c in COVERAGES}

    columns = {**verdict_columns(verdicts, tumor, ill), **_prediction_set_columns(labels, calibrated, quantiles)}
    entries = bootstrap_ci(measure, {}, groups, labels, replicates) | mean_with_ci(columns, groups, labels, replicates)
    return entries, {name: thin_risk_curve(*risk_coverage_curve(*pair)) for name, pair in questions.items()}


def risk_coverage_curve(
    confidence: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """Share of the scans answered, surest first, and the share of those answers that are wrong; one point a scan."""
    order = np.argsort(-confidence, kind="stable")
    counts = np.ones(len(order)) if weights is None else weights[order]
    order, counts = order[counts > 0], counts[counts > 0]
    answered = np.cumsum(counts)
    return answered / answered[-1], np.cumsum(counts * wrong[order]) / answered


def aurc(confidence: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None) -> float:
    """Area under risk against coverage."""
    coverage, risk = risk_coverage_curve(confidence, wrong, weights)
    return float((np.diff(coverage, prepend=0.0) * risk).sum())


def verdict_columns(verdicts: NDArray[np.object_], tumor: Floats, is_tumor: NDArray[np.bool_]) -> dict[str, Floats]:
    """How many scans get each verdict, and how often it would be wrong; see `selective`."""
    # A verdict that commits is right or wrong as it says; one that declines, as the likelier answer would have been.
    said = np.where(verdicts == Verdict.TUMOR_SUSPECTED, True, tumor >= 0.5)
    said = np.where(verdicts == Verdict.NO_TUMOR_FOUND, False, said)
    columns: dict[str, Floats] = {}
    for verdict in Verdict:
        given = (verdicts == verdict).astype(float)
        columns[f"share@verdict:{verdict}"] = given
        columns[f"error@verdict:{verdict}"] = np.where(given > 0, said != is_tumor, np.nan)
        columns[f"tumors@verdict:{verdict}"] = np.where(is_tumor, given, np.nan)
        columns[f"healthy@verdict:{verdict}"] = np.where(~is_tumor, given, np.nan)
    return columns


def _prediction_set_columns(
    labels: Ints, calibrated: Floats, quantiles: Mapping[TumorClass, float]
) -> dict[str, Floats]:
    sets = [prediction_set(row, quantiles) for row in calibrated]
    columns = {
        "set_coverage": np.array([CLASSES[label] in found for label, found in zip(labels, sets, strict=True)], float),
        "set_size": np.array([len(found) for found in sets], float),
    }
    return columns | by_subgroup(columns, {f"/{name}": labels == i for i, name in enumerate(CLASS_NAMES)})


def thin_risk_curve(coverage: Floats, risk: Floats) -> dict[str, list[float]]:
    """As many points of a curve as it takes to draw it."""
    kept = np.unique(np.linspace(0, len(coverage) - 1, min(_CURVE_POINTS, len(coverage))).astype(int))
    return {"coverage": np.round(coverage[kept], 5).tolist(), "risk": np.round(risk[kept], 5).tolist()}
