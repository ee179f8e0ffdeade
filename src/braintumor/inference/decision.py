"""Probabilities -> verdict: temperature, thresholds and prediction set, each as the card states it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, NON_MR_MODALITIES, TUMOR_INDICES, TumorClass, Verdict
from braintumor.inference.outputs import Outputs


@dataclass(frozen=True, slots=True)
class MaskFusion:
    """Weights of the log-odds of tumour: `label` times the class head's, `mask` times the mask's, plus `bias`."""

    label: float = 1.0
    mask: float = 0.0
    bias: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """As plain data, for a card."""
        return asdict(self)

    def fuse_logits(self, outputs: Outputs) -> NDArray[np.float64]:
        """Logits (n, 4) whose odds of tumour are the fused ones; the odds among tumours are the class head's."""
        evidence = outputs.mask_log_odds()
        if evidence is None:
            return outputs.logits.astype(np.float64)
        fused = self.label * tumor_log_odds(outputs.logits) + self.mask * evidence + self.bias
        logits = outputs.logits.astype(np.float64)
        logits[:, NO_TUMOR_INDEX] = np.logaddexp.reduce(logits[:, list(TUMOR_INDICES)], axis=1) - fused
        return logits


def tumor_log_odds(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Log-odds of any tumour against none from logits (..., 4)."""
    wide = np.asarray(logits, np.float64)
    return np.asarray(np.logaddexp.reduce(wide[..., list(TUMOR_INDICES)], axis=-1) - wide[..., NO_TUMOR_INDEX])


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a tumour probability turns from clear to uncertain (`low`) and from uncertain to suspected (`high`)."""

    rule_out: float
    rule_in: float
    chosen: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rule_out <= self.rule_in <= 1.0:
            raise ValueError(
                f"Thresholds must satisfy 0 <= low <= high <= 1, not low={self.rule_out}, high={self.rule_in}."
            )


def describe_rule(thresholds: Thresholds) -> str:
    """Describe which tumour probability gives which verdict, in sentences for pages, reports and docs."""
    if thresholds.rule_out == thresholds.rule_in:
        return (
            f"{thresholds.rule_in:.1%} or more: tumour suspected. Below: no tumour found. This version has no band in "
            "between."
        )
    return (
        f"{thresholds.rule_in:.1%} or more: tumour suspected. {thresholds.rule_out:.1%} or less: no tumour found. "
        "In between: uncertain; a reader should decide."
    )


@dataclass(frozen=True, slots=True)
class OODScore:
    """How far from the training scans a picture lies, and from which distances on it is odd and refused."""

    distance: float
    unusual_at: float
    reject_at: float

    @property
    def is_unusual(self) -> bool:
        """Whether it is unusual for a brain MRI."""
        return self.distance >= self.unusual_at

    @property
    def is_rejected(self) -> bool:
        """Whether it is taken for no brain MRI at all."""
        return self.distance >= self.reject_at

    @property
    def score(self) -> float:
        """The distance brought to 0 to 1: one half where a picture stops being taken for brain MRI."""
        return self.distance / (self.distance + self.reject_at)

    @property
    def ratio_to_rejection(self) -> float:
        """The distance in units of that at which it is refused."""
        return self.distance / self.reject_at


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Probabilities of logits (..., classes) divided by a temperature above 0 (Guo et al. 2017)."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def tumor_probability(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum over the tumour classes of probabilities (..., 4), kept within 0..1 against rounding."""
    return np.clip(np.asarray(probabilities, np.float64)[..., list(TUMOR_INDICES)].sum(axis=-1), 0.0, 1.0)


def predicted_class(probabilities: NDArray[np.floating], binary_threshold: float | None = None) -> NDArray[np.int64]:
    """Index of the likeliest class of probabilities (..., 4).

    Parameters
    ----------
    decision : float, optional
        Of a version that tells tumour from none and no kinds: the tumour probability from which on it says tumour. The
        kinds then share their probability, and the first of them stands for all.
    """
    values = np.asarray(probabilities)
    if binary_threshold is None:
        return np.asarray(values.argmax(axis=-1))
    return np.where(tumor_probability(values) >= binary_threshold, TUMOR_INDICES[0], NO_TUMOR_INDEX)


def prediction_set(
    probabilities: NDArray[np.floating], quantiles: Mapping[TumorClass, float], binary_threshold: float | None = None
) -> tuple[TumorClass, ...]:
    """Split-conformal set: every class with 1 - p at most the quantile of that class, and the likeliest one always.

    Sadinle, Lei and Wasserman (2019), least ambiguous set-valued classifiers, by class. Where kinds are not told apart
    (see `likeliest`), all of them are in it or none.
    """
    kept = {int(predicted_class(probabilities, binary_threshold))}
    kept |= {i for i, c in enumerate(CLASSES) if 1.0 - probabilities[i] <= quantiles[c]}
    if binary_threshold is not None and kept & set(TUMOR_INDICES):
        kept |= set(TUMOR_INDICES)
    return tuple(c for i, c in enumerate(CLASSES) if i in kept)


def decide_verdict(
    probability: float, thresholds: Thresholds, ood_score: OODScore | None = None, modality: str = ""
) -> tuple[Verdict, str]:
    """Verdict for a tumour probability, and the sentence that says why.

    What says itself that it is no MR is refused, as is a picture too unlike the training scans; one that is only odd
    gets no clear answer.
    """
    if modality in NON_MR_MODALITIES:
        return Verdict.NOT_BRAIN_MRI, (
            f"The file says that it is {NON_MR_MODALITIES[modality]}. The model has learned from MR slices alone; "
            "no tumour was looked for."
        )
    if ood_score is not None and ood_score.is_rejected:
        return Verdict.NOT_BRAIN_MRI, (
            f"It lies {ood_score.ratio_to_rejection:.1f} times as far from the training scans as a brain MRI may; "
            "no tumour was looked for."
        )
    if ood_score is not None and ood_score.is_unusual:
        return Verdict.UNCERTAIN, (
            f"It looks unlike the scans the model learnt from ({ood_score.ratio_to_rejection:.0%} of the distance at which it "
            "would be refused), so the model's answer may not hold; a reader should decide."
        )
    said = f"Tumour probability {probability:.1%}"
    if probability >= thresholds.rule_in:
        return Verdict.TUMOR_SUSPECTED, f"{said} is at or above the calling threshold of {thresholds.rule_in:.1%}."
    if probability <= thresholds.rule_out:
        return Verdict.NO_TUMOR_FOUND, f"{said} is at or below the clearing threshold of {thresholds.rule_out:.1%}."
    return (
        Verdict.UNCERTAIN,
        f"{said} lies between the clearing threshold of {thresholds.rule_out:.1%} and the calling threshold of "
        f"{thresholds.rule_in:.1%}; a reader should decide.",
    )
