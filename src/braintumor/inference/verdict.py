"""Probabilities -> verdict: temperature, thresholds and prediction set, each as the card states it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from braintumor.vocabulary import CLASSES, TUMOR_INDICES, TumorClass, Verdict


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a tumour probability turns from clear to uncertain (`low`) and from uncertain to suspected (`high`)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ValueError(f"Thresholds must satisfy 0 <= low <= high <= 1, not low={self.low}, high={self.high}.")


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of logits (..., classes) divided by a temperature above 0 (Guo et al. 2017)."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def tumor_probability(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum over the tumour classes of probabilities (..., 4), kept within 0..1 against rounding."""
    return np.clip(np.asarray(probabilities, np.float64)[..., list(TUMOR_INDICES)].sum(axis=-1), 0.0, 1.0)


def prediction_set(probabilities: NDArray[np.floating], quantile: float) -> tuple[TumorClass, ...]:
    """Split-conformal set: every class with 1 - p at most the quantile, and the likeliest one always.

    Sadinle, Lei and Wasserman (2019), least ambiguous set-valued classifiers.
    """
    likeliest = int(np.argmax(probabilities))
    return tuple(c for i, c in enumerate(CLASSES) if i == likeliest or 1.0 - probabilities[i] <= quantile)


def decide(probability: float, thresholds: Thresholds) -> tuple[Verdict, str]:
    """Verdict for a tumour probability, and the sentence that says why."""
    said = f"Tumour probability {probability:.1%}"
    if probability >= thresholds.high:
        return Verdict.TUMOR_SUSPECTED, f"{said} is at or above the calling threshold of {thresholds.high:.1%}."
    if probability <= thresholds.low:
        return Verdict.NO_TUMOR_FOUND, f"{said} is at or below the clearing threshold of {thresholds.low:.1%}."
    return (
        Verdict.UNCERTAIN,
        f"{said} lies between the clearing threshold of {thresholds.low:.1%} and the calling threshold of "
        f"{thresholds.high:.1%}; a reader should decide.",
    )
