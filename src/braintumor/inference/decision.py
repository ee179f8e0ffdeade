"""From network outputs to a verdict: mask fusion, temperature, thresholds and prediction sets, as the card states."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import CLASSES, NO_TUMOR_INDEX, NON_MR_MODALITIES, TUMOR_INDICES, TumorClass, Verdict
from braintumor.imaging.picture.scan_examination import TEXT_ON_HEAD_REASON, picture_reason
from braintumor.imaging.scan import Scan
from braintumor.inference.outputs import Outputs

# Parts of the reasons for `not a brain MRI`, by which a stored result says why.
NOT_MR_REASON: Final = "The file says that it is"
CT_REASON: Final = "It looks like a head CT"
OOD_REASON: Final = "Out-of-distribution score"
# Highest tumour probability with which a scan or study can be called "no tumour found".
MAX_RULE_OUT: Final = 0.5


@dataclass(frozen=True, slots=True)
class MaskFusion:
    """Weights of the fused tumour log-odds: `label` x class head + `mask` x mask + `bias`."""

    label: float = 1.0
    mask: float = 0.0
    bias: float = 0.0

    def to_dict(self) -> dict[str, float]:
        """Return the weights as plain data for a card."""
        return asdict(self)

    def fuse_logits(self, outputs: Outputs) -> NDArray[np.float64]:
        """Return logits (n, 4) with fused tumour odds; the odds among tumour classes stay those of the class head."""
        evidence = outputs.mask_log_odds()
        if evidence is None:
            return outputs.logits.astype(np.float64)
        fused = self.label * tumor_log_odds(outputs.logits) + self.mask * evidence + self.bias
        logits = outputs.logits.astype(np.float64)
        logits[:, NO_TUMOR_INDEX] = np.logaddexp.reduce(logits[:, list(TUMOR_INDICES)], axis=1) - fused
        return logits


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Tumour probabilities up to which a tumour is ruled out, and from which it is suspected; uncertain in between.

    `chosen` says how the two were chosen. A tumour that is more likely than not is never ruled out: a `rule_out` above
    `MAX_RULE_OUT` is lowered to it, and `fitted_rule_out` keeps the value of the model card.
    """

    rule_out: float
    rule_in: float
    chosen: str = field(default="", compare=False)
    fitted_rule_out: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 <= self.rule_out <= self.rule_in <= 1.0:
            raise ValueError(
                "Thresholds must satisfy 0 <= rule_out <= rule_in <= 1, "
                f"not rule_out={self.rule_out}, rule_in={self.rule_in}."
            )
        object.__setattr__(self, "fitted_rule_out", self.rule_out)
        object.__setattr__(self, "rule_out", min(self.rule_out, MAX_RULE_OUT))


@dataclass(frozen=True, slots=True)
class OODScore:
    """Distance of a scan from the training scans, with the distances from which it is unusual and rejected."""

    distance: float
    unusual_at: float
    reject_at: float

    @property
    def is_unusual(self) -> bool:
        """Whether the scan is unusual for a brain MRI."""
        return self.distance >= self.unusual_at

    @property
    def is_rejected(self) -> bool:
        """Whether the scan is rejected as not a brain MRI."""
        return self.distance >= self.reject_at

    @property
    def score(self) -> float:
        """The out-of-distribution score: the distance scaled to 0 to 1, with 0.5 where rejection starts."""
        return self._scale(self.distance)

    @property
    def unusual_score(self) -> float:
        """Score from which a scan is unusual."""
        return self._scale(self.unusual_at)

    def _scale(self, distance: float) -> float:
        return distance / (distance + self.reject_at)


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Return probabilities for logits (..., classes) divided by a temperature above 0 (Guo et al. 2017)."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def tumor_log_odds(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the log-odds of any tumour against none for logits (..., 4)."""
    wide = np.asarray(logits, np.float64)
    return np.asarray(np.logaddexp.reduce(wide[..., list(TUMOR_INDICES)], axis=-1) - wide[..., NO_TUMOR_INDEX])


def tumor_probability(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum the tumour classes of probabilities (..., 4), clipped to 0..1 against rounding."""
    return np.clip(np.asarray(probabilities, np.float64)[..., list(TUMOR_INDICES)].sum(axis=-1), 0.0, 1.0)


def predicted_class(probabilities: NDArray[np.floating], binary_threshold: float | None = None) -> NDArray[np.int64]:
    """Return the index of the predicted class for probabilities (..., 4).

    Parameters
    ----------
    binary_threshold : float, optional
        Tumour probability from which a binary model answers tumour. Its tumour classes share their probability, and
        the first one stands for all.
    """
    values = np.asarray(probabilities)
    if binary_threshold is None:
        return np.asarray(values.argmax(axis=-1))
    return np.where(tumor_probability(values) >= binary_threshold, TUMOR_INDICES[0], NO_TUMOR_INDEX)


def prediction_set(
    probabilities: NDArray[np.floating], quantiles: Mapping[TumorClass, float], binary_threshold: float | None = None
) -> tuple[TumorClass, ...]:
    """Return the split-conformal prediction set: classes with 1 - p up to their quantile, and the predicted class.

    Class-conditional least ambiguous sets (Sadinle, Lei and Wasserman 2019). For a binary model the set holds all
    tumour classes or none.
    """
    included = {int(predicted_class(probabilities, binary_threshold))}
    included |= {i for i, c in enumerate(CLASSES) if 1.0 - probabilities[i] <= quantiles[c]}
    if binary_threshold is not None and included & set(TUMOR_INDICES):
        included |= set(TUMOR_INDICES)
    return tuple(c for i, c in enumerate(CLASSES) if i in included)


def describe_rule(thresholds: Thresholds) -> str:
    """Describe how a tumour probability becomes a verdict.

    Examples
    --------
    >>> describe_rule(Thresholds(0.351, 0.678))
    '67.8% or more: tumour suspected. 35.1% or less: no tumour found. In between: uncertain, a reader should decide.'
    """
    return (
        f"{thresholds.rule_in:.1%} or more: tumour suspected. {thresholds.rule_out:.1%} or less: no tumour found. "
        "In between: uncertain, a reader should decide."
    )


def decide_verdict(
    probability: float,
    thresholds: Thresholds,
    ood_score: OODScore | None = None,
    modality: str = "",
    *,
    looks_like_ct: bool = False,
    is_outside_field: bool = False,
) -> tuple[Verdict, str]:
    """Return the verdict for a tumour probability, and a sentence with the reason.

    Three questions come first. Is it a head? Not if the out-of-distribution score rejects it. Is it MR? Not if the file
    says otherwise, which is read first, nor if it looks like CT unless the file says MR. Does it show what the model
    has learnt? Not outside the brain, and perhaps not if it is unusual, which is uncertain. All others follow the
    thresholds.

    The question about CT comes second, because a page of print or a chart can look like CT too. The question about the
    brain comes after those about the kind of picture, because it means nothing for a photograph, and before that about
    unusual scans, because slices outside the brain are often unusual too.
    """
    if modality in NON_MR_MODALITIES:
        return Verdict.NOT_BRAIN_MRI, (
            f"{NOT_MR_REASON} {NON_MR_MODALITIES[modality]}. The model was trained on MR slices only, so it "
            "did not look for a tumour."
        )
    if ood_score is not None and ood_score.is_rejected:
        return Verdict.NOT_BRAIN_MRI, (
            f"{OOD_REASON} {ood_score.score:.2f} (rejected at 0.50 or above): it does not look like a "
            "brain MRI of the kind the model was trained on, so the model did not look for a tumour."
        )
    if looks_like_ct and modality != "MR":
        return Verdict.NOT_BRAIN_MRI, (
            f"{CT_REASON}. The model was trained on MR slices only, so it did not look for a tumour."
        )
    if is_outside_field:
        return Verdict.OUTSIDE_FIELD, (
            "The slice shows no brain, or too little of it (neck, face, air or the top of the skull), so the model "
            "did not look for a tumour."
        )
    if ood_score is not None and ood_score.is_unusual:
        shown = min(ood_score.score, 0.49)  # 0.498 is not rejected, and must not read like 0.50
        return Verdict.UNCERTAIN, (
            f"{OOD_REASON} {shown:.2f} (unusual at {ood_score.unusual_score:.2f}, rejected at 0.50 or "
            "above): the scan differs from the training scans, so the model may be wrong. A reader should decide."
        )
    return _apply_thresholds(probability, thresholds)


def limit_by_picture(verdict: Verdict, reason: str, scan: Scan) -> tuple[Verdict, str]:
    """Return the verdict and reason for what the picture of a scan allows.

    A sheet, screenshot or photograph is uncertain unless it is rejected, and says so in both cases. With text on the
    head, `no tumor found` becomes uncertain.
    """
    if picture := picture_reason(scan):
        if verdict is Verdict.NOT_BRAIN_MRI:
            return verdict, f"{picture} {reason}"
        return Verdict.UNCERTAIN, f"{picture} {reason}"
    if scan.has_text_on_head and verdict is Verdict.NO_TUMOR_FOUND:
        return Verdict.UNCERTAIN, TEXT_ON_HEAD_REASON
    return verdict, reason


def _apply_thresholds(probability: float, thresholds: Thresholds) -> tuple[Verdict, str]:
    subject, low, high = (
        f"Tumour probability {probability:.1%}",
        f"{thresholds.rule_out:.1%}",
        f"{thresholds.rule_in:.1%}",
    )
    if probability >= thresholds.rule_in:
        return Verdict.TUMOR_SUSPECTED, f"{subject} is at or above the upper threshold of {high}."
    if probability <= thresholds.rule_out:
        return Verdict.NO_TUMOR_FOUND, f"{subject} is at or below the lower threshold of {low}."
    return (
        Verdict.UNCERTAIN,
        f"{subject} lies between the lower threshold of {low} and the upper threshold of {high}. A reader should "
        "decide.",
    )
