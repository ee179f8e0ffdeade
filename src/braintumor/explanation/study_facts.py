"""The facts of the reading of a series or volume."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from braintumor.enums import PictureKind, Plane, Verdict
from braintumor.explanation.accuracy import ModelAccuracy
from braintumor.explanation.facts import KeySlice, ReadingFacts, SliceNumbers
from braintumor.explanation.position import Place, locate
from braintumor.explanation.slice_facts import input_warnings, is_oriented, predicted_type
from braintumor.explanation.terms import Doubt, Rejection
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.inference.study import StudyReading, StudySlice
from braintumor.inference.study.detect_study import study_rule
from braintumor.inference.study.study_slice import to_study_slices

# A stack with fewer slices, or a shorter one in mm, does not show the whole brain, so its ends say nothing.
_MIN_SLICES: Final = 10
_MIN_BRAIN_MM: Final = 100.0
_REJECTIONS: Final = {
    Verdict.NOT_BRAIN_MRI: Rejection.UNFAMILIAR,
    Verdict.OUTSIDE_FIELD: Rejection.OUTSIDE_FIELD,
}


def study_facts(
    reading: StudyReading,
    card: ModelCard,
    accuracy: ModelAccuracy | None = None,
    key_detection: Detection | None = None,
    slices: Sequence[StudySlice] = (),
) -> ReadingFacts:
    """Return the facts of the reading of a study; see `reading_facts`."""
    accuracy = accuracy or ModelAccuracy()
    key = reading.key_slices[0]
    detection = key_detection or _key_detection(reading)
    slices = slices or to_study_slices(reading.detections)
    thresholds, lesion = _thresholds(reading, card), reading.lesion
    place, oriented = Place(), False
    if detection is not None:
        oriented = is_oriented(detection)
        if reading.verdict.has_result and lesion is not None:
            place = locate(detection, key.plane, is_oriented=oriented, depth=_depth(key, slices))
    facts = ReadingFacts(
        kind="study",
        verdict=reading.verdict,
        tumor_class=predicted_type(reading.result, is_multiclass=reading.is_multiclass),
        is_multiclass=reading.is_multiclass,
        tumor_probability=reading.tumor_probability,
        model_version=card.version,
        class_probabilities=dict(reading.probabilities) if reading.is_multiclass else {},
        rule_out=None if thresholds is None else thresholds[0],
        rule_in=None if thresholds is None else thresholds[1],
        rejection=_REJECTIONS.get(reading.verdict),
        doubt=_doubt(reading, thresholds) if reading.verdict is Verdict.UNCERTAIN else None,
        plane=_common_plane(reading),
        is_oriented=oriented,
        position=place.position,
        side=place.side,
        region=place.region,
        located_by=place.located_by,
        has_outline=lesion is not None,
        warnings=() if detection is None else input_warnings(detection),
        slices=_slice_numbers(reading),
        key_slices=tuple(map(_key_slice, reading.key_slices)) if reading.verdict.has_result else (),
        planes_agree=reading.planes_agree,
        sensitivity=accuracy.sensitivity(is_study=True),
        false_alarm_rate=accuracy.false_alarm_rate(is_study=True),
    )
    return facts if lesion is None else replace(
        facts, diameter_mm=lesion.diameter_mm, volume_ml=lesion.volume_ml, extent_mm=lesion.extent_mm,
        lesion_first=lesion.first, lesion_last=lesion.last,
    )  # fmt: skip


def _key_detection(reading: StudyReading) -> Detection | None:
    """Return the result of the most suspicious slice, if the reading holds the results of its slices."""
    identifier = reading.key_slices[0].id
    if not identifier.isdigit() or int(identifier) >= len(reading.detections):
        return None
    return reading.detections[int(identifier)]


def _depth(key: StudySlice, slices: Sequence[StudySlice]) -> float | None:
    """Return the position of a slice among those of its stack that show brain, from 0 to 1; None if it is unknown."""
    in_brain = [each.millimetres for each in slices if each.stack == key.stack and each.is_in_field]
    positions = [position for position in in_brain if position is not None]
    if key.millimetres is None or len(positions) < _MIN_SLICES:
        return None
    first, length = min(positions), max(positions) - min(positions)
    return None if length < _MIN_BRAIN_MM else (key.millimetres - first) / length


def _thresholds(reading: StudyReading, card: ModelCard) -> tuple[float, float] | None:
    """Return the thresholds of the study; None where another rule decided, as for a study of one slice."""
    rule = study_rule(card).for_judged(reading.counts.judged)
    score, verdict = reading.tumor_probability, reading.verdict
    contradicts = (verdict is Verdict.TUMOR_SUSPECTED and score < rule.rule_in) or (
        verdict is Verdict.NO_TUMOR_FOUND and score > rule.rule_out
    )
    return None if contradicts or reading.counts.judged < 2 else (rule.rule_out, rule.rule_in)


def _doubt(reading: StudyReading, thresholds: tuple[float, float] | None) -> Doubt:
    """Return why a study is uncertain."""
    if thresholds is None:
        picture = reading.detections[0].picture if reading.detections else PictureKind.SLICE
        return Doubt.OTHER if picture is PictureKind.SLICE else Doubt.PICTURE
    if thresholds[0] < reading.tumor_probability < thresholds[1]:
        return Doubt.BETWEEN_THRESHOLDS
    return Doubt.TOO_FEW_SLICES if reading.planes_agree in (None, True) else Doubt.PLANES_DISAGREE


def _common_plane(reading: StudyReading) -> Plane:
    """Return the plane of the study; unknown if it has several."""
    planes = {plane.plane for plane in reading.planes}
    return planes.pop() if len(planes) == 1 else Plane.UNKNOWN


def _key_slice(each: StudySlice) -> KeySlice:
    return KeySlice(each.plane, each.order + 1, each.tumor_probability)


def _slice_numbers(reading: StudyReading) -> SliceNumbers:
    counts = reading.counts
    return SliceNumbers(
        counts.judged, counts.outside, counts.rejected, counts.reformatted, counts.unreadable, counts.unread
    )
