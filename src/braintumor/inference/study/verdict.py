"""From the scores of the planes of a volume to its verdict, with the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from braintumor.enums import Verdict
from braintumor.inference.decision import MAX_RULE_OUT
from braintumor.inference.study.planes import JudgedPlane, count_slices, is_confirmed
from braintumor.inference.study.reading import SliceCounts
from braintumor.inference.study.rule import StudyRule
from braintumor.text import join_words, pluralize

Decision = tuple[Verdict, str]


@dataclass(frozen=True, slots=True)
class _Case:
    """What the verdict on a volume depends on."""

    score: float
    judged: tuple[JudgedPlane, ...]
    counts: SliceCounts
    rule: StudyRule

    @property
    def subject(self) -> str:
        return f"Study score {self.score:.1%}"

    @property
    def share(self) -> float:
        return self.counts.judged / max(1, self.counts.judged + self.counts.rejected)

    @property
    def few_slices(self) -> str:
        total = self.counts.judged + self.counts.rejected
        beyond = " (not counting those outside the brain)" if self.counts.outside else ""
        return f"Only {self.counts.judged:,} of {pluralize(total, 'slice')}{beyond}"


def decide_study(planes: Sequence[JudgedPlane], score: float, rule: StudyRule) -> Decision:
    """Return the verdict for a volume, and a sentence with the reason.

    Parameters
    ----------
    planes : sequence of JudgedPlane
        The planes of the volume.
    score : float
        The study score, from 0 to 1.

    Notes
    -----
    Slices outside the brain count neither for nor against a verdict: most volumes begin and end with neck and air.
    """
    counts = count_slices([each for plane in planes for each in plane.slices])
    case = _Case(score, tuple(plane for plane in planes if plane.evidence is not None), counts, rule)
    if counts.is_outside:
        return Verdict.OUTSIDE_FIELD, (
            "The slices show no brain, or too little of it (neck, face, air or the top of the skull), so the model did "
            "not look for a tumour."
        )
    if counts.rejected and case.share < rule.min_brain_share:
        return Verdict.NOT_BRAIN_MRI, (
            f"{case.few_slices} look like a brain MRI of the kind the model was trained on, so no verdict is given."
        )
    if not case.judged:
        return Verdict.UNCERTAIN, f"{case.few_slices} could be judged, too few for a verdict. A reader should decide."
    if score >= rule.rule_in:
        return _decide_high(case)
    alarming = [plane for plane in case.judged if _is_alarming(plane.reading.score or 0.0, rule)]
    if alarming and len(case.judged) > 1:
        return Verdict.UNCERTAIN, (
            f"{case.subject}, but the planes disagree: {_names(alarming)} slices are suspicious. A reader should "
            "decide."
        )
    return _decide_low(case)


def _is_alarming(plane_score: float, rule: StudyRule) -> bool:
    """Whether one plane keeps a tumour from being ruled out."""
    return plane_score >= rule.plane_rule_in or plane_score > MAX_RULE_OUT


def _decide_high(case: _Case) -> Decision:
    """Suspect a tumour if two planes suspect it and their outlines do not contradict each other."""
    reached = f"{case.subject} is at or above the upper threshold of {case.rule.rule_in:.1%}"
    suspected = [plane for plane in case.judged if plane.is_suspected]
    if len(case.judged) == 1:
        return Verdict.TUMOR_SUSPECTED, f"{reached}, over neighbouring slices."
    if len(suspected) > 1 and is_confirmed(suspected, case.rule):
        return Verdict.TUMOR_SUSPECTED, (
            f"{reached}, and the outlines on {_names(suspected)} slices do not contradict each other."
        )
    return Verdict.UNCERTAIN, (
        f"{reached}, but no two planes show a tumour at the same place (suspected on {_names(suspected)} slices). A "
        "reader should decide."
    )


def _decide_low(case: _Case) -> Decision:
    """Clear a study at or below the lower threshold if enough of its slices were judged."""
    low, high = f"{case.rule.rule_out:.1%}", f"{case.rule.rule_in:.1%}"
    if case.score > case.rule.rule_out:
        return Verdict.UNCERTAIN, (
            f"{case.subject} lies between the lower threshold of {low} and the upper threshold of {high}. A reader "
            "should decide."
        )
    if case.share < case.rule.min_clear_share:
        return Verdict.UNCERTAIN, f"{case.few_slices} could be judged, too few to rule out a tumour."
    return Verdict.NO_TUMOR_FOUND, f"{case.subject} is at or below the lower threshold of {low}."


def _names(planes: Sequence[JudgedPlane]) -> str:
    return join_words(plane.reading.name for plane in planes)
