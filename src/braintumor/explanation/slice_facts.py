"""The facts of the reading of one slice."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from braintumor.enums import PictureKind, Plane, TumorClass, Verdict
from braintumor.explanation.accuracy import ModelAccuracy
from braintumor.explanation.facts import Neighbors, ReadingFacts
from braintumor.explanation.position import Place, locate
from braintumor.explanation.terms import Doubt, InputWarning, Rejection
from braintumor.imaging.containers.nifti_header import UNKNOWN_ORIENTATION_WARNING
from braintumor.imaging.edits import EDIT_NOTE
from braintumor.imaging.picture import scan_examination as examination
from braintumor.inference.decision import CT_REASON, NOT_MR_REASON, OOD_REASON
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.inference.retrieval import SimilarScan
from braintumor.inference.turn.turn_detector import TURNED_BACK

OOD_REJECTED_AT: Final = 0.5
# As a share of the longer side of the head.
_MAX_PEAK_DISTANCE: Final = 0.1
_PICTURES: Final = {
    PictureKind.SHEET: InputWarning.SHEET,
    PictureKind.SCREENSHOT: InputWarning.SCREENSHOT,
    PictureKind.PHOTOGRAPH: InputWarning.PHOTOGRAPH,
}
_WARNINGS: Final = {
    examination.TEXT_WARNING: InputWarning.TEXT_REMOVED,
    examination.PARTLY_REMOVED_WARNING: InputWarning.TEXT_REMOVED,
    examination.INVERTED_WARNING: InputWarning.INVERTED,
    UNKNOWN_ORIENTATION_WARNING: InputWarning.ORIENTATION_UNKNOWN,
}


def slice_facts(
    detection: Detection,
    card: ModelCard,
    accuracy: ModelAccuracy | None = None,
    similar_scans: Sequence[SimilarScan] = (),
) -> ReadingFacts:
    """Return the facts of the reading of one slice; see `reading_facts`."""
    accuracy = accuracy or ModelAccuracy()
    plane, oriented = plane_of(detection), is_oriented(detection)
    has_result = detection.verdict.has_result
    place = locate(detection, plane, is_oriented=oriented) if has_result else Place()
    is_outlined = bool(detection.area_pixels) and has_result
    return ReadingFacts(
        kind="slice",
        verdict=detection.verdict,
        tumor_class=predicted_type(detection.result, is_multiclass=detection.is_multiclass),
        is_multiclass=detection.is_multiclass,
        tumor_probability=detection.tumor_probability,
        model_version=detection.model_version,
        class_probabilities=dict(detection.probabilities) if detection.is_multiclass else {},
        rule_out=card.thresholds.rule_out,
        rule_in=card.thresholds.rule_in,
        prediction_set=detection.prediction_set,
        rejection=rejection_of(detection),
        doubt=_doubt(detection, card) if detection.verdict is Verdict.UNCERTAIN else None,
        plane=plane,
        is_oriented=oriented,
        position=place.position,
        side=place.side,
        region=place.region,
        located_by=place.located_by,
        has_outline=None if detection.area_pixels is None else is_outlined,
        diameter_mm=detection.diameter_mm if is_outlined else None,
        area_mm2=detection.area_mm2 if is_outlined else None,
        diameter_pixels=detection.diameter_pixels if is_outlined else None,
        slice_share=_slice_share(detection) if is_outlined else None,
        map_agrees=_map_agrees(detection) if is_outlined else None,
        ood_score=detection.ood_score,
        ood_rejected_at=None if detection.ood_score is None else OOD_REJECTED_AT,
        warnings=input_warnings(detection),
        neighbors=count_neighbors(detection, similar_scans),
        sensitivity=accuracy.sensitivity(plane),
        false_alarm_rate=accuracy.false_alarm_rate(plane),
    )


def predicted_type(predicted: TumorClass, *, is_multiclass: bool) -> TumorClass | None:
    """Return the predicted class; None for a tumour of a model that predicts no type."""
    return predicted if is_multiclass or not predicted.is_tumor else None


def plane_of(detection: Detection) -> Plane:
    """Return the plane that the file states."""
    return Plane.UNKNOWN if detection.series is None else detection.series.plane


def is_oriented(detection: Detection) -> bool:
    """Whether the slice is hung by the orientation in its file, and the reader did not turn or crop it."""
    unknown = {InputWarning.ORIENTATION_UNKNOWN, InputWarning.EDITED, InputWarning.TURNED, InputWarning.MAY_BE_TURNED}
    is_slice = detection.picture is PictureKind.SLICE
    return is_slice and plane_of(detection) is not Plane.UNKNOWN and not unknown & set(input_warnings(detection))


def input_warnings(detection: Detection) -> tuple[InputWarning, ...]:
    """Return what a reader should know about the file, each once."""
    return tuple(dict.fromkeys(_iter_warnings(detection)))


def _iter_warnings(detection: Detection) -> Iterator[InputWarning]:
    if detection.picture in _PICTURES:
        yield _PICTURES[detection.picture]
    for sentence in detection.warnings:
        if sentence.startswith(EDIT_NOTE):
            yield InputWarning.EDITED
        elif not sentence.endswith(TURNED_BACK):
            yield _WARNINGS.get(sentence, InputWarning.OTHER)
    if detection.turn:
        yield InputWarning.TURNED
    if detection.suggested_turn:
        yield InputWarning.MAY_BE_TURNED


def count_neighbors(detection: Detection, similar_scans: Sequence[SimilarScan]) -> Neighbors | None:
    """Count the labels of the most similar training scans; a label of None is a tumour of unknown type."""
    if not similar_scans:
        return None
    labels = [scan.label for scan in similar_scans]
    tumors = sum(label is None or label.is_tumor for label in labels)
    same = sum(label is detection.result for label in labels)
    if not detection.is_multiclass:
        same = tumors if detection.result.is_tumor else len(labels) - tumors
    return Neighbors(len(labels), tumors, same)


def rejection_of(detection: Detection) -> Rejection | None:
    """Return why the model did not look for a tumour; None if it did."""
    if detection.verdict.has_result:
        return None
    if detection.verdict is Verdict.OUTSIDE_FIELD:
        return Rejection.OUTSIDE_FIELD
    if NOT_MR_REASON in detection.reason:
        return Rejection.NOT_MR
    return Rejection.LOOKS_LIKE_CT if CT_REASON in detection.reason else Rejection.UNFAMILIAR


def _doubt(detection: Detection, card: ModelCard) -> Doubt:
    """Return why a slice is uncertain."""
    if detection.picture is not PictureKind.SLICE:
        return Doubt.PICTURE
    if examination.TEXT_ON_HEAD_REASON in detection.reason:
        return Doubt.TEXT_ON_HEAD
    if detection.reason.startswith(OOD_REASON):
        return Doubt.UNUSUAL
    if card.thresholds.rule_out < detection.tumor_probability < card.thresholds.rule_in:
        return Doubt.BETWEEN_THRESHOLDS
    return Doubt.TURNED if detection.suggested_turn else Doubt.OTHER


def _map_agrees(detection: Detection) -> bool | None:
    """Return whether the heat map peaks in the outline, or within a tenth of the head's longer side from it."""
    heat_map, mask, box = detection.heat_map, detection.mask, detection.head_box
    if heat_map is None or mask is None or box is None or not heat_map.any() or not detection.result.is_tumor:
        return None
    peak = np.unravel_index(int(np.argmax(heat_map)), heat_map.shape)
    nearest = np.sqrt(np.square(np.argwhere(mask) - np.array(peak)).sum(axis=1).min())
    return bool(nearest <= _MAX_PEAK_DISTANCE * max(box[2] - box[0], box[3] - box[1]))


def _slice_share(detection: Detection) -> float | None:
    if detection.scan_size is None or not detection.area_pixels:
        return None
    return detection.area_pixels / (detection.scan_size[0] * detection.scan_size[1])
