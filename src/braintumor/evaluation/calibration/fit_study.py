"""Fit the rule for whole studies: smoothing and thresholds, from labelled studies of known patients."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Verdict
from braintumor.inference.study.read_study import read_study
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice

# The goals: of the healthy studies at most this share is suspected, and of the tumour studies at least that share.
MAX_HEALTHY_SUSPECTED: Final = 0.05
MIN_TUMORS_SUSPECTED: Final = 0.95
# Share of the tumour studies that may be cleared.
MAX_TUMORS_CLEARED: Final = 0.01

SMOOTHING_MM: Final = (6.0, 10.0, 15.0, 20.0)
MIN_SLICES: Final = (2, 3, 4)
MAX_LOG_ODDS: Final = (2.0, 4.0, 8.0)
# Smoothings for which all thresholds are tried.
_MAX_PROMISING: Final = 4


@dataclass(frozen=True, slots=True)
class LabelledStudy:
    """A study with its truth."""

    slices: Sequence[StudySlice]
    has_tumor: bool
    patient: str


@dataclass(frozen=True, slots=True)
class StudyFit:
    """A fitted rule, with the shares of studies it suspects and clears, each patient counted once.

    Attributes
    ----------
    tumors_suspected, tumors_cleared, healthy_suspected, healthy_cleared : float
        NaN without such studies.
    """

    rule: StudyRule
    tumors_suspected: float
    tumors_cleared: float
    healthy_suspected: float
    healthy_cleared: float

    @property
    def reaches_goals(self) -> bool:
        """Whether both goals for suspected studies are reached."""
        return self.tumors_suspected >= MIN_TUMORS_SUSPECTED and self.healthy_suspected <= MAX_HEALTHY_SUSPECTED

    @property
    def rank(self) -> tuple[bool, float, float, float]:
        """Sorts fits: first the goal for healthy studies, then that for tumours, then how many are cleared."""
        is_specific = self.healthy_suspected <= MAX_HEALTHY_SUSPECTED
        sensitivity = min(self.tumors_suspected, MIN_TUMORS_SUSPECTED)
        return is_specific, sensitivity, self.healthy_cleared, -self.healthy_suspected


def fit_study_rule(studies: Sequence[LabelledStudy]) -> StudyFit:
    """Choose smoothing and thresholds.

    Of all rules that suspect at most `MAX_HEALTHY_SUSPECTED` of the healthy studies and at least
    `MIN_TUMORS_SUSPECTED` of the tumour studies, and clear at most `MAX_TUMORS_CLEARED` of the latter, the one that
    clears most healthy studies. If none reaches both goals, the one that suspects most tumours among those that reach
    the first. Each patient has the same weight.

    Parameters
    ----------
    studies : sequence of LabelledStudy
        With the slices that `Detector.detect_study` reads; the model must not have been trained on their patients.

    Returns
    -------
    StudyFit
        `fit.rule.to_dict()` is the section `study` of the model card.

    Raises
    ------
    ValueError
        There are no tumour studies or no healthy ones.
    """
    if len({study.has_tumor for study in studies}) < 2:
        raise ValueError("Fitting the rule for studies needs studies with and without a tumour.")
    weights = _patient_weights(studies)
    coarse = [_fit_thresholds(studies, weights, rule, shares=(0.5,)) for rule in _candidates()]
    promising = sorted(coarse, key=lambda fit: fit.rank, reverse=True)[:_MAX_PROMISING]
    fits = [_fit_thresholds(studies, weights, fit.rule) for fit in promising]
    best = max(fits, key=lambda fit: fit.rank)
    return replace(best, rule=replace(best.rule, chosen=_describe(best, studies)))


def measure_rule(studies: Sequence[LabelledStudy], rule: StudyRule) -> StudyFit:
    """Measure a rule on labelled studies, such as those of other patients."""
    weights = _patient_weights(studies)
    verdicts = [read_study(study.slices, rule).verdict for study in studies]

    def share(verdict: Verdict, has_tumor: bool) -> float:
        chosen = np.array([study.has_tumor == has_tumor for study in studies])
        matching = np.array([each is verdict for each in verdicts])
        total = float(weights[chosen].sum())
        return float(weights[chosen & matching].sum()) / total if total else math.nan

    return StudyFit(
        rule, share(Verdict.TUMOR_SUSPECTED, True), share(Verdict.NO_TUMOR_FOUND, True),
        share(Verdict.TUMOR_SUSPECTED, False), share(Verdict.NO_TUMOR_FOUND, False),
    )  # fmt: skip


def _candidates() -> Iterator[StudyRule]:
    for smoothing, count, limit in product(SMOOTHING_MM, MIN_SLICES, MAX_LOG_ODDS):
        yield StudyRule(smoothing_mm=smoothing, min_slices=count, max_log_odds=limit)


def _patient_weights(studies: Sequence[LabelledStudy]) -> NDArray[np.float64]:
    """Return the weight of each study, such that those of a patient with one truth sum to 1."""
    counts = Counter((study.patient, study.has_tumor) for study in studies)
    return np.array([1.0 / counts[study.patient, study.has_tumor] for study in studies])


def _fit_thresholds(
    studies: Sequence[LabelledStudy],
    weights: NDArray[np.float64],
    rule: StudyRule,
    shares: Sequence[float] = (0.5, 0.25, 0.75),
) -> StudyFit:
    """Return the thresholds with which a smoothing reaches most.

    `shares` says where between the scores of healthy and tumour studies the upper threshold is tried.
    """
    readings = [read_study(study.slices, rule) for study in studies]
    scores = np.array([reading.tumor_probability for reading in readings])
    planes = np.array([max((plane.score or 0.0 for plane in reading.planes), default=0.0) for reading in readings])
    has_tumor = np.array([study.has_tumor for study in studies])
    tumor, healthy = _quantiles(scores, weights, has_tumor), _quantiles(scores, weights, ~has_tumor)
    lowest_tumor, highest_healthy = tumor(1 - MIN_TUMORS_SUSPECTED), healthy(1 - MAX_HEALTHY_SUSPECTED)
    plane_healthy = _quantiles(planes, weights, ~has_tumor)(1 - MAX_HEALTHY_SUSPECTED)
    fits, rule_out = [], float(np.nextafter(tumor(MAX_TUMORS_CLEARED), 0.0))
    if healthy(1.0) < rule_out:  # a margin for tumours of other patients
        rule_out = _between(healthy(1.0), rule_out, 0.25)
    # Planes must confirm each other, so that thresholds below the highest healthy score can reach the goals too.
    for rule_in in (*(_between(highest_healthy, lowest_tumor, share) for share in shares), lowest_tumor):
        for plane_rule_in in (max(rule_in, _between(plane_healthy, 1.0, 0.1)), rule_in, 1.0):
            changed = replace(rule, rule_out=min(rule_out, rule_in), rule_in=rule_in, plane_rule_in=plane_rule_in)
            fits.append(measure_rule(studies, changed))
    return max(fits, key=lambda fit: fit.rank)  # the first of equally good ones


def _between(low: float, high: float, share: float) -> float:
    """Return a threshold between two scores where they are in order, else the one of healthy studies."""
    return low + share * (high - low) if low < high else min(1.0, float(np.nextafter(low, 1.0)))


def _quantiles(
    scores: NDArray[np.float64], weights: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> "_WeightedQuantile":
    order = np.argsort(scores[chosen], kind="stable")
    return _WeightedQuantile(scores[chosen][order], np.cumsum(weights[chosen][order]))


@dataclass(frozen=True, slots=True)
class _WeightedQuantile:
    """Scores in ascending order with the sum of the weights up to each."""

    scores: NDArray[np.float64]
    sums: NDArray[np.float64]

    def __call__(self, share: float) -> float:
        """Return the lowest score with more than this share of the weights at or below it."""
        index = int(np.searchsorted(self.sums, share * self.sums[-1] * (1 + 1e-9), side="right"))
        return float(self.scores[min(index, len(self.scores) - 1)])


def _describe(fit: StudyFit, studies: Sequence[LabelledStudy]) -> str:
    patients = {has_tumor: {s.patient for s in studies if s.has_tumor == has_tumor} for has_tumor in (True, False)}
    return (
        f"On {len(studies)} studies of {len(patients[True])} patients with and {len(patients[False])} without a "
        f"tumour, each patient with the same weight: {fit.tumors_suspected:.1%} of the tumour studies and "
        f"{fit.healthy_suspected:.1%} of the healthy ones are suspected (goals: at least {MIN_TUMORS_SUSPECTED:.0%}, "
        f"at most {MAX_HEALTHY_SUSPECTED:.0%}); {fit.tumors_cleared:.1%} and {fit.healthy_cleared:.1%} are cleared."
    )
