"""Fit the rule for whole studies to labelled studies of known patients."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.enums import Verdict
from braintumor.evaluation.study.labelled import LabelledStudy, expand_volume
from braintumor.inference.study.evidence import log_odds_of, probability_of
from braintumor.inference.study.read_study import read_study
from braintumor.inference.study.rule import StudyRule

# The goals: of the tumour-free studies at most this share is suspected, of the tumour studies at least that share, and
# of the tumour-free studies at least this share is ruled out.
MAX_TUMOR_FREE_SUSPECTED: Final = 0.05
MIN_TUMORS_SUSPECTED: Final = 0.95
MIN_TUMOR_FREE_RULED_OUT: Final = 0.95
# Share of the tumour studies that may be ruled out.
MAX_TUMORS_RULED_OUT: Final = 0.02

# A lesion of 10 to 15 mm must not be averaged away. No labelled tumour study has known distances, and most have no
# slice without the tumour, so that the longest average would always look best.
SMOOTHING_MM: Final = 10.0
MIN_SLICES: Final = (2, 3)
MAX_LOG_ODDS: Final = (2.0, 4.0)
# Tumour-free studies with fewer slices have thresholds of their own.
SPARSE_BELOW: Final = 16
# With fewer tumour-free patients than this, no share of 5% can be measured, and with fewer tumour patients, none of 2%.
# The slices of the former then count as more suspicious by this many log-odds, and for ruling out, those of the latter
# as less suspicious, as a margin for other people.
ENOUGH_PATIENTS: Final = 20
ENOUGH_TUMOR_PATIENTS: Final = 50
MARGIN: Final = 0.5
# Where between the scores of tumour-free and tumour studies the upper threshold is tried; of equals, the first is used.
# With enough tumour-free patients it is near their scores, because tumours of other scanners score lower.
_SHARES: Final = (0.25, 0.5, 0.75)
_SHARES_OF_FEW: Final = (0.5, 0.25, 0.75)


@dataclass(frozen=True, slots=True)
class StudyFit:
    """A fitted rule, with the shares of studies it suspects and rules out, each patient counted once.

    Attributes
    ----------
    tumors_suspected, tumors_ruled_out, tumor_free_suspected, tumor_free_ruled_out : float
        NaN without such studies.
    """

    rule: StudyRule
    tumors_suspected: float
    tumors_ruled_out: float
    tumor_free_suspected: float
    tumor_free_ruled_out: float

    @property
    def rank(self) -> tuple[bool, float, float, float]:
        """Sorts fits: first the goal for tumour-free studies, then that for tumours, then how many are ruled out."""
        is_specific = self.tumor_free_suspected <= MAX_TUMOR_FREE_SUSPECTED
        sensitivity = min(self.tumors_suspected, MIN_TUMORS_SUSPECTED)
        return is_specific, sensitivity, self.tumor_free_ruled_out, -self.tumor_free_suspected


def fit_study_rule(studies: Sequence[LabelledStudy]) -> StudyFit:
    """Choose how many slices are averaged, the limit of their log-odds, and the thresholds.

    Of all rules that suspect at most `MAX_TUMOR_FREE_SUSPECTED` of the tumour-free studies and at least
    `MIN_TUMORS_SUSPECTED` of the tumour studies, and rule out at most `MAX_TUMORS_RULED_OUT` of the latter, the one
    that rules out most tumour-free studies. If none reaches both goals, the one that suspects most tumours among those
    that reach the first. Each patient has the same weight.

    Tumour-free studies of at least `SPARSE_BELOW` slices that vote, and smaller ones, have thresholds of their own.
    Larger ones count with each plane alone and with every other slice, too. Tumour studies count for both, because a
    tumour in a larger study has at least the score of the slices that show it.

    Parameters
    ----------
    studies : sequence of LabelledStudy
        The model must not have been trained on their patients.

    Returns
    -------
    StudyFit
        On the studies as they are. `fit.rule.to_dict()` is the section `study` of the model card.

    Raises
    ------
    ValueError
        There are no tumour studies or no tumour-free ones.
    """
    if len({study.has_tumor for study in studies}) < 2:
        raise ValueError("Fitting the rule for studies needs studies with and without a tumour.")
    parts = _parts_by_size(studies)
    candidates = [
        StudyRule(smoothing_mm=SMOOTHING_MM, min_slices=count, max_log_odds=limit)
        for count, limit in product(MIN_SLICES, MAX_LOG_ODDS)
    ]
    best = max(([_fit_thresholds(part, rule) for part in parts] for rule in candidates), key=_rank)
    rule, sparse = best[-1].rule, best[0].rule
    if len(best) > 1:
        rule = replace(rule, sparse_below=SPARSE_BELOW, sparse_rule_out=sparse.rule_out, sparse_rule_in=sparse.rule_in)
    fit = measure_rule(studies, rule)
    return replace(fit, rule=replace(rule, chosen=_describe(fit, studies)))


def _parts_by_size(studies: Sequence[LabelledStudy]) -> list[list[LabelledStudy]]:
    """Return sparse and larger tumour-free studies, each with all tumour studies, where there are tumour-free ones."""
    tumors = [study for study in studies if study.has_tumor]
    tumor_free = [study for study in studies if not study.has_tumor]
    sparse = [study for study in tumor_free if _count_votes(study) < SPARSE_BELOW]
    large = [study for study in tumor_free if _count_votes(study) >= SPARSE_BELOW]
    large = [each for study in large for each in expand_volume(study) if _count_votes(each) >= SPARSE_BELOW]
    return [[*tumors, *_with_margin(part, MARGIN, ENOUGH_PATIENTS)] for part in (sparse, large) if part]


def _count_votes(study: LabelledStudy) -> int:
    return sum(each.votes for each in study.slices)


def _with_margin(studies: list[LabelledStudy], margin: float, enough: int) -> list[LabelledStudy]:
    """Make the slices of fewer patients than `enough` more suspicious, by `margin` log-odds."""
    if len({study.patient for study in studies}) >= enough:
        return studies

    def shift(probability: float) -> float:
        return probability_of(log_odds_of(probability) + margin)

    return [
        replace(
            study,
            slices=[replace(each, tumor_probability=shift(each.tumor_probability)) for each in study.slices],
        )
        for study in studies
    ]


def _rank(fits: Sequence[StudyFit]) -> tuple[float, ...]:
    """Sorts fits of all parts: first by the goal that the worst part reaches, then by how many are ruled out."""
    worst = min(fit.rank[:2] for fit in fits)
    return (*worst, float(np.mean([fit.tumor_free_ruled_out for fit in fits])))


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


def _patient_weights(studies: Sequence[LabelledStudy]) -> NDArray[np.float64]:
    """Return the weight of each study, such that those of a patient with one truth sum to 1."""
    counts = Counter((study.patient, study.has_tumor) for study in studies)
    return np.array([1.0 / counts[study.patient, study.has_tumor] for study in studies])


def _fit_thresholds(studies: Sequence[LabelledStudy], rule: StudyRule) -> StudyFit:
    """Return the thresholds with which a candidate reaches most."""
    weights = _patient_weights(studies)
    readings = [read_study(study.slices, rule) for study in studies]
    scores = np.array([reading.tumor_probability for reading in readings])
    planes = np.array([max((plane.score or 0.0 for plane in reading.planes), default=0.0) for reading in readings])
    has_tumor = np.array([study.has_tumor for study in studies])
    tumor, tumor_free = _quantiles(scores, weights, has_tumor), _quantiles(scores, weights, ~has_tumor)
    lowest_tumor, highest_tumor_free = tumor(1 - MIN_TUMORS_SUSPECTED), tumor_free(1 - MAX_TUMOR_FREE_SUSPECTED)
    plane_tumor_free = _quantiles(planes, weights, ~has_tumor)(1 - MAX_TUMOR_FREE_SUSPECTED)
    fainter = _with_margin([study for study in studies if study.has_tumor], -MARGIN, ENOUGH_TUMOR_PATIENTS)
    cautious = scores.copy()
    cautious[has_tumor] = [read_study(study.slices, rule).tumor_probability for study in fainter]
    rule_out = float(np.nextafter(_quantiles(cautious, weights, has_tumor)(MAX_TUMORS_RULED_OUT), 0.0))
    if (needed := tumor_free(MIN_TUMOR_FREE_RULED_OUT)) < rule_out:  # no higher than needed, but for a margin
        rule_out = _between(needed, rule_out, 0.25)
    # Planes must confirm each other, so that thresholds below the highest tumour-free score can reach the goals too.
    count = len({study.patient for study in studies if not study.has_tumor})
    shares = _SHARES if count >= ENOUGH_PATIENTS else _SHARES_OF_FEW
    highest = (*(_between(highest_tumor_free, lowest_tumor, share) for share in shares), lowest_tumor)
    pairs = [
        (rule_in, max(rule_in, plane_rule_in))
        for rule_in in highest
        for plane_rule_in in (_between(plane_tumor_free, 1.0, 0.1), rule_in, 1.0)
    ]
    fits = [
        measure_rule(studies, replace(rule, rule_out=min(rule_out, low), rule_in=low, plane_rule_in=high))
        for low, high in dict.fromkeys(pairs)
    ]
    return max(fits, key=lambda fit: fit.rank)  # the first of equally good ones


def _between(low: float, high: float, share: float) -> float:
    """Return a threshold between two scores where they are in order, else the one of tumour-free studies."""
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
    large = {study.patient for study in studies if not study.has_tumor and _count_votes(study) >= SPARSE_BELOW}
    return (
        f"On {len(studies)} studies of {len(patients[True])} patients with and {len(patients[False])} without a "
        f"tumour, of the latter {len(large)} with at least {SPARSE_BELOW} slices, each patient with the same weight: "
        f"{fit.tumors_suspected:.1%} of the tumour studies and {fit.tumor_free_suspected:.1%} of the others are "
        f"suspected (goals: at least {MIN_TUMORS_SUSPECTED:.0%}, at most {MAX_TUMOR_FREE_SUSPECTED:.0%}); "
        f"{fit.tumors_ruled_out:.1%} and {fit.tumor_free_ruled_out:.1%} are ruled out."
    )
