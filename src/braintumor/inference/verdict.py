"""Probabilities -> verdict: temperature, thresholds and prediction set, each as the card states it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from braintumor.vocabulary import CLASSES, HEALTHY_INDEX, OTHER_MODALITIES, TUMOR_INDICES, TumorClass, Verdict


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a tumour probability turns from clear to uncertain (`low`) and from uncertain to suspected (`high`)."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.high <= 1.0:
            raise ValueError(f"Thresholds must satisfy 0 <= low <= high <= 1, not low={self.low}, high={self.high}.")


@dataclass(frozen=True, slots=True)
class Strangeness:
    """How far from the training scans a picture lies, and from which distances on it is odd and refused."""

    distance: float
    odd_from: float
    refused_from: float

    @property
    def odd(self) -> bool:
        """Whether it is unusual for a brain MRI."""
        return self.distance >= self.odd_from

    @property
    def refused(self) -> bool:
        """Whether it is taken for no brain MRI at all."""
        return self.distance >= self.refused_from

    @property
    def novelty(self) -> float:
        """The distance brought to 0 to 1: one half where a picture stops being taken for brain MRI."""
        return self.distance / (self.distance + self.refused_from)

    @property
    def times(self) -> float:
        """The distance in units of that at which it is refused."""
        return self.distance / self.refused_from


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of logits (..., classes) divided by a temperature above 0 (Guo et al. 2017)."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def tumor_probability(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum over the tumour classes of probabilities (..., 4), kept within 0..1 against rounding."""
    return np.clip(np.asarray(probabilities, np.float64)[..., list(TUMOR_INDICES)].sum(axis=-1), 0.0, 1.0)


def likeliest(probabilities: NDArray[np.floating], decision: float | None = None) -> NDArray[np.int64]:
    """Index of the likeliest class of probabilities (..., 4).

    Parameters
    ----------
    decision : float, optional
        Of a version that tells tumour from none and no kinds: the tumour probability from which on it says tumour. The
        kinds then share their probability, and the first of them stands for all.
    """
    values = np.asarray(probabilities)
    if decision is None:
        return np.asarray(values.argmax(axis=-1))
    return np.where(tumor_probability(values) >= decision, TUMOR_INDICES[0], HEALTHY_INDEX)


def prediction_set(
    probabilities: NDArray[np.floating], quantiles: Mapping[TumorClass, float], decision: float | None = None
) -> tuple[TumorClass, ...]:
    """Split-conformal set: every class with 1 - p at most the quantile of that class, and the likeliest one always.

    Sadinle, Lei and Wasserman (2019), least ambiguous set-valued classifiers, by class. Where kinds are not told apart
    (see `likeliest`), all of them are in it or none.
    """
    kept = {int(likeliest(probabilities, decision))}
    kept |= {i for i, c in enumerate(CLASSES) if 1.0 - probabilities[i] <= quantiles[c]}
    if decision is not None and kept & set(TUMOR_INDICES):
        kept |= set(TUMOR_INDICES)
    return tuple(c for i, c in enumerate(CLASSES) if i in kept)


def decide(
    probability: float, thresholds: Thresholds, strangeness: Strangeness | None = None, modality: str = ""
) -> tuple[Verdict, str]:
    """Verdict for a tumour probability, and the sentence that says why.

    What says itself that it is no MR is refused, as is a picture too unlike the training scans; one that is only odd
    gets no clear answer.
    """
    if modality in OTHER_MODALITIES:
        return Verdict.NOT_BRAIN_MRI, (
            f"The file says that it is {OTHER_MODALITIES[modality]}. The model has learned from MR slices alone; "
            "no tumour was looked for."
        )
    if strangeness is not None and strangeness.refused:
        return Verdict.NOT_BRAIN_MRI, (
            f"It lies {strangeness.times:.1f} times as far from the training scans as a brain MRI may; "
            "no tumour was looked for."
        )
    if strangeness is not None and strangeness.odd:
        return Verdict.UNCERTAIN, (
            f"It looks unlike the scans the model learnt from ({strangeness.times:.0%} of the distance at which it "
            "would be refused), so the model's answer may not hold; a reader should decide."
        )
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
