"""The slices of one plane: their verdict, and whether two planes agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from braintumor.enums import Verdict
from braintumor.inference.study.evidence import Evidence, in_order, plane_evidence, probability_of
from braintumor.inference.study.lesion import bounding_box, boxes_overlap
from braintumor.inference.study.reading import PlaneReading, SliceCounts
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import StudySlice


@dataclass(frozen=True, slots=True)
class JudgedPlane:
    """The slices of one plane with their evidence, which is None if too few of them vote."""

    slices: tuple[StudySlice, ...]
    evidence: Evidence | None
    reading: PlaneReading

    @property
    def sort_key(self) -> tuple[bool, float, str]:
        """Sorts planes by suspicion."""
        score = self.reading.score
        return score is None, -(score or 0.0), self.slices[0].stack

    @property
    def is_suspected(self) -> bool:
        """Whether its own score suspects a tumour."""
        return self.reading.verdict is Verdict.TUMOR_SUSPECTED


def read_plane(slices: Sequence[StudySlice], rule: StudyRule) -> JudgedPlane:
    """Return the answer for the slices of one stack."""
    ordered = in_order(slices)
    evidence, counts, first = plane_evidence(ordered, rule), count_slices(ordered), ordered[0]
    if evidence is None:
        reading = PlaneReading(first.stack, first.title, first.plane, _unjudged_verdict(counts), None, counts)
        return JudgedPlane(tuple(ordered), None, reading)
    score = probability_of(evidence.log_odds)
    verdict = Verdict.UNCERTAIN
    if score >= rule.rule_in:
        verdict = Verdict.TUMOR_SUSPECTED
    elif score <= rule.rule_out:
        verdict = Verdict.NO_TUMOR_FOUND
    reading = PlaneReading(first.stack, first.title, first.plane, verdict, score, counts, evidence.key_slice)
    return JudgedPlane(tuple(ordered), evidence, reading)


def _unjudged_verdict(counts: SliceCounts) -> Verdict:
    if counts.is_outside:
        return Verdict.OUTSIDE_FIELD
    return Verdict.UNCERTAIN if counts.judged or counts.reformatted else Verdict.NOT_BRAIN_MRI


def count_slices(slices: Sequence[StudySlice]) -> SliceCounts:
    """Count slices by whether they vote."""
    judged = sum(each.votes for each in slices)
    outside = sum(each.is_outside_field for each in slices)
    reformatted = sum(each.is_reformatted and not each.is_outside_field for each in slices)
    return SliceCounts(judged, outside, len(slices) - judged - outside - reformatted, reformatted)


def planes_agree(planes: Sequence[JudgedPlane], rule: StudyRule) -> bool | None:
    """Return whether no plane rules out what another suspects, and those that suspect it do so at one place.

    None if fewer than two planes were judged.
    """
    judged = [plane for plane in planes if plane.evidence is not None]
    if len(judged) < 2:
        return None
    suspected = [plane for plane in judged if plane.is_suspected]
    if suspected and any(plane.reading.verdict is Verdict.NO_TUMOR_FOUND for plane in judged):
        return False
    return len(suspected) < 2 or is_confirmed(suspected, rule)


def is_confirmed(suspected: Sequence[JudgedPlane], rule: StudyRule) -> bool:
    """Whether two planes suspect a tumour at places that cross; planes without an outline cannot contradict."""
    return any(_cross(one, other, rule.smoothing_mm / 2) for one, other in combinations(suspected, 2))


def _cross(one: JudgedPlane, other: JudgedPlane, margin: float) -> bool:
    first, second = (bounding_box(plane.evidence.peak_slices) for plane in (one, other) if plane.evidence is not None)
    return first is None or second is None or boxes_overlap(first, second, margin)
