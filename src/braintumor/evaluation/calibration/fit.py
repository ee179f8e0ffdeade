"""Fit temperature, thresholds and conformal quantiles to validation scans."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from braintumor.enums import CLASS_NAMES
from braintumor.inference.decision import MAX_RULE_OUT, Thresholds, softmax, tumor_probability

CONFORMAL_LEVEL: Final = 0.95
# Share of validation tumours that may stay unflagged, and of tumour-free validation scans that may be flagged. The goal
# is to miss at most 2% of tumours and to flag at most 5% of tumour-free scans, with a margin for other patients. Only
# validation scans set the thresholds, but these two shares were chosen after seeing the test results of an earlier v4
# (docs/decisions/training/2026-11-21-breaking-the-shortcut.md).
MAX_FALSE_NEGATIVE_RATE: Final = 0.02
MAX_FALSE_POSITIVE_RATE: Final = 0.02
# Where thresholds are fitted on sources that the network has not seen, the goal itself: no margin is needed.
LEFT_OUT_FALSE_POSITIVE_RATE: Final = 0.05
# A tumour must not be ruled out lightly: ruling one out has its own threshold, below the one that flags it.
MAX_RULED_OUT_RATE: Final = 0.01


def fit_temperature(
    logits: NDArray[np.floating], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """Find the temperature that maximises the validation likelihood (Guo et al. 2017), between 0.05 and 20.

    `labels` may be `UNKNOWN_TYPE_INDEX`, whose probability is that of any tumour. `weights` (n,) are those of the
    scans, equal by default.
    """

    def loss(log_temperature: float) -> float:
        probabilities = softmax(logits, math.exp(log_temperature))
        probabilities = np.column_stack([probabilities, tumor_probability(probabilities)])
        losses = -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-12, 1.0))
        return float(np.average(losses, weights=weights))

    return float(math.exp(minimize_scalar(loss, bounds=(math.log(0.05), math.log(20.0)), method="bounded").x))


def fit_thresholds(
    tumor: NDArray[np.floating],
    is_tumor: NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
    max_false_positive_rate: float = MAX_FALSE_POSITIVE_RATE,
) -> Thresholds:
    """Fit the rule-out and rule-in thresholds on the tumour probability of validation scans.

    Below `rule_in` lie at most `MAX_FALSE_NEGATIVE_RATE` of the tumours where this leaves at most
    `max_false_positive_rate` of the tumour-free scans at or above it; otherwise the second limit decides. At or below
    `rule_out`, which is lower than `rule_in` and at most `MAX_RULE_OUT`, lie at most `MAX_RULED_OUT_RATE` of the
    tumours. Shares are those of the `weights` (n,) of the scans, equal by default.
    """
    weights = np.ones(len(tumor)) if weights is None else weights
    tumors, tumor_free = (np.asarray(tumor[chosen], np.float64) for chosen in (is_tumor, ~is_tumor))
    tumor_weights, tumor_free_weights = weights[is_tumor], weights[~is_tumor]
    lowest = _lowest_above(tumors, tumor_weights, MAX_FALSE_NEGATIVE_RATE)
    # The highest tumour-free scan that must not be flagged.
    highest = -_lowest_above(-tumor_free, tumor_free_weights, max_false_positive_rate)
    rule_in = (highest + lowest) / 2 if highest < lowest else _next_float(highest, 1.0)
    # The lowest tumour that must not be ruled out.
    cleared_below = _lowest_above(tumors, tumor_weights, MAX_RULED_OUT_RATE)
    return Thresholds(min(_next_float(cleared_below, 0.0), highest, MAX_RULE_OUT), rule_in)


def _lowest_above(values: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Return the highest value below which lies at most this share of the weights."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) - weights[order]
    count = int(np.searchsorted(below, share * weights.sum() * (1 + 1e-9), side="right"))
    return float(values[order[count - 1]])


def _next_float(value: float, towards: float) -> float:
    return float(np.nextafter(value, towards))


def fit_binary_threshold(tumor: NDArray[np.floating], is_tumor: NDArray[np.bool_], thresholds: Thresholds) -> float:
    """Find the tumour probability at which sensitivity plus specificity is highest (Youden 1950).

    Among equally good thresholds, take the middle of the lowest gap between two scans. It lies within the thresholds of
    the verdict, so that prediction and verdict never contradict each other.
    """
    values, lowest = np.unique(tumor), min(_next_float(thresholds.rule_out, 1.0), thresholds.rule_in)
    edges = np.concatenate([[lowest], (values[1:] + values[:-1]) / 2, [thresholds.rule_in]])
    edges = edges[(edges >= lowest) & (edges <= thresholds.rule_in)]
    false_negative_rate = np.searchsorted(np.sort(tumor[is_tumor]), edges) / max(1, is_tumor.sum())
    specificity = np.searchsorted(np.sort(tumor[~is_tumor]), edges) / max(1, (~is_tumor).sum())
    return float(edges[int(np.argmax(specificity - false_negative_rate))])


def describe_binary_threshold(count: int) -> str:
    """Describe for the model card how the binary threshold was chosen."""
    return (
        f"On {count} validation images: highest sensitivity plus specificity (Youden 1950), within the thresholds of "
        "the verdict."
    )


def describe_thresholds(scans: str, max_false_positive_rate: float = MAX_FALSE_POSITIVE_RATE) -> str:
    """Describe for the model card on which scans, and how, the thresholds were chosen."""
    return (
        f"On {scans}: at most {MAX_RULED_OUT_RATE:.0%} of the tumours lie at or below `rule_out`, which is at most "
        f"{MAX_RULE_OUT}; at most {max_false_positive_rate:.0%} of the tumour-free scans lie at or above `rule_in`; "
        "between them the verdict is `uncertain`."
    )


def fit_conformal(
    probabilities: NDArray[np.floating], labels: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> dict[str, float]:
    """Compute the quantile of 1 - p(true class) of each class, for prediction sets with 95% coverage in every class.

    Class-conditional split conformal prediction (Vovk 2012) with finite-sample correction, on scans with `weights`
    (n,), equal by default (Tibshirani et al. 2019; a new scan has the mean weight of its class). Images are treated as
    independent; with few patient groups the real coverage can be lower.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    return {
        name: _conformal_quantile(1.0 - probabilities[labels == index, index], weights[labels == index])
        for index, name in enumerate(CLASS_NAMES)
    }


def _conformal_quantile(scores: NDArray[np.floating], weights: NDArray[np.float64]) -> float:
    if not len(scores):
        return 1.0
    order = np.argsort(scores)
    needed = CONFORMAL_LEVEL * (weights.sum() + weights.mean())
    count = int(np.searchsorted(np.cumsum(weights[order]), needed * (1 - 1e-9)))
    return float(scores[order[count]]) if count < len(scores) else 1.0
