"""Read a study: one answer for the results of its slices."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from braintumor.enums import CLASSES, Plane, TumorClass, Verdict
from braintumor.inference.study.evidence import Evidence, log_odds_of, probability_of
from braintumor.inference.study.lesion import Lesion, bounding_box, boxes_overlap, lesion_slices, measure_lesion
from braintumor.inference.study.planes import JudgedPlane, count_slices, planes_agree, read_plane
from braintumor.inference.study.reading import StudyReading
from braintumor.inference.study.rule import StudyRule
from braintumor.inference.study.study_slice import Box, StudySlice
from braintumor.inference.study.verdict import decide_study

_MAX_KEY_SLICES: Final = 6


@dataclass(frozen=True, slots=True)
class _Volume:
    """The planes of one volume with what they say together."""

    planes: tuple[JudgedPlane, ...]
    verdict: Verdict
    reason: str
    log_odds: float
    agree: bool | None

    @property
    def size(self) -> int:
        """Number of slices."""
        return sum(len(plane.slices) for plane in self.planes)

    @property
    def judged(self) -> list[Evidence]:
        """Evidence of the planes that could be judged, most suspicious first."""
        return [plane.evidence for plane in self.planes if plane.evidence is not None]


def read_study(
    slices: Sequence[StudySlice],
    rule: StudyRule,
    *,
    unreadable: int = 0,
    unread: int = 0,
    blank: int = 0,
    binary_threshold: float | None = None,
) -> StudyReading:
    """Return one answer for the slices of a study.

    Parameters
    ----------
    slices : sequence of StudySlice
        At least one, in any order: their positions and indices decide. Several volumes give the answer of the most
        suspicious one. Slices without others of their series are one volume, in the given order.
    unreadable, unread, blank : int
        Numbers of further slices, to report.

    Raises
    ------
    ValueError
        There are no slices.
    """
    if not slices:
        raise ValueError("A study needs at least one slice.")
    volumes = [_read_volume(members, rule) for members in _group(_join_single(slices), lambda each: each.volume)]
    deciding = [volume for volume in volumes if volume.size > 1] or volumes
    worst = min(deciding, key=lambda volume: (volume.verdict.suspicion_rank, -volume.log_odds))
    planes = sorted((plane for volume in volumes for plane in volume.planes), key=lambda plane: plane.sort_key)
    score = slices[0].tumor_probability if len(slices) == 1 else probability_of(worst.log_odds)
    return StudyReading(
        verdict=worst.verdict,
        reason=worst.reason,
        tumor_probability=score,
        probabilities=_class_probabilities(worst, score),
        key_slices=_key_slices(worst, slices),
        planes=tuple(plane.reading for plane in planes),
        planes_agree=worst.agree,
        lesion=_lesion(worst),
        counts=replace(count_slices(slices), unreadable=unreadable, unread=unread, blank=blank),
        binary_threshold=binary_threshold,
    )


def _join_single(slices: Sequence[StudySlice]) -> list[StudySlice]:
    """Join slices that have a volume for themselves, so that none of them decides alone."""
    sizes = Counter(each.volume for each in slices)
    return [
        replace(each, volume="", stack="", title="", plane=Plane.UNKNOWN, order=index, millimetres=None, box=None)
        if sizes[each.volume] == 1 and len(slices) > 1
        else each
        for index, each in enumerate(slices)
    ]


def _read_volume(slices: Sequence[StudySlice], rule: StudyRule) -> _Volume:
    rule = rule.for_judged(sum(each.votes for each in slices))
    stacks = _group(slices, lambda each: each.stack)
    planes = tuple(sorted((read_plane(members, rule) for members in stacks), key=lambda plane: plane.sort_key))
    if len(slices) == 1:
        (only,) = slices
        reason = only.reason or "The study has one slice."
        return _Volume(planes, only.verdict, reason, log_odds_of(only.tumor_probability), None)
    log_odds = [plane.evidence.log_odds for plane in planes if plane.evidence is not None]
    mean = float(np.mean(log_odds)) if log_odds else -rule.max_log_odds
    verdict, reason = decide_study(planes, probability_of(mean), rule)
    return _Volume(planes, verdict, reason, mean, planes_agree(planes, rule))


def _group(slices: Sequence[StudySlice], key: Callable[[StudySlice], str]) -> list[list[StudySlice]]:
    groups: dict[str, list[StudySlice]] = {}
    for each in slices:
        groups.setdefault(key(each), []).append(each)
    return list(groups.values())


def _class_probabilities(volume: _Volume, score: float) -> dict[TumorClass, float]:
    """Divide the score among the tumour classes as in the most suspicious window of each plane."""
    slices = [each for evidence in volume.judged for each in evidence.peak_slices] or [
        each for plane in volume.planes for each in plane.slices
    ]
    tumors = [c for c in CLASSES if c.is_tumor]
    sums = {c: sum(each.probabilities[c] for each in slices) for c in tumors}
    total = sum(sums.values())
    shares = {c: sums[c] / total if total > 0 else 1 / len(tumors) for c in tumors}
    return {c: score * shares[c] if c.is_tumor else 1.0 - score for c in CLASSES}


def _key_slices(volume: _Volume, slices: Sequence[StudySlice]) -> tuple[StudySlice, ...]:
    """Return the key slice of each plane, worst first, then the next most suspicious slices of other places."""
    if not volume.judged:
        return tuple(sorted(slices, key=lambda each: (not each.is_in_field, -each.tumor_probability))[:1])
    chosen = [evidence.key_slice for evidence in volume.judged]
    taken = {id(each) for evidence in volume.judged for each in evidence.peak_slices}
    rest = [
        (float(value), each)
        for evidence in volume.judged
        for value, each in zip(evidence.smoothed, evidence.slices, strict=True)
        if id(each) not in taken
    ]
    rest.sort(key=lambda pair: (-pair[0], -pair[1].tumor_probability, pair[1].stack, pair[1].order))
    return tuple([*chosen, *(each for _, each in rest)][:_MAX_KEY_SLICES])


def _lesion(volume: _Volume) -> Lesion | None:
    if volume.verdict is Verdict.NO_TUMOR_FOUND or not volume.verdict.has_result:
        return None
    main = next((evidence for evidence in volume.judged if lesion_slices(evidence)), None)
    if main is None:
        return None
    box = bounding_box(lesion_slices(main))
    others = [evidence for evidence in volume.judged if evidence is not main and _shows(evidence, box)]
    return measure_lesion(main, others)


def _shows(evidence: Evidence, box: Box | None) -> bool:
    other = bounding_box(lesion_slices(evidence))
    return box is not None and other is not None and boxes_overlap(box, other, 0.0)
