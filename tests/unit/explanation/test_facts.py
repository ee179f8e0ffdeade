"""Facts of readings: where a region lies and what that depends on, warnings, neighbours, studies; never identifiers."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from braintumor.enums import CLASSES, Plane, TumorClass, Verdict
from braintumor.explanation import ModelAccuracy, reading_facts
from braintumor.explanation.slice_facts import slice_facts
from braintumor.explanation.terms import Doubt, ImagePosition, InputWarning, LocatedBy, Region, Rejection, Side
from braintumor.imaging.containers.nifti_header import UNKNOWN_ORIENTATION_WARNING
from braintumor.imaging.geometry import Geometry
from braintumor.imaging.scan import SeriesPosition
from braintumor.inference import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.inference.retrieval import SimilarScan
from braintumor.inference.study.read_study import read_study
from braintumor.inference.study.rule import StudyRule
from braintumor.results.metric import Metric
from tests.helpers.cards import MINIMAL_CARD
from tests.helpers.readings import make_detection
from tests.helpers.studies.study_slices import lesion_between, make_plane

SIDE = 100


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return ModelCard.model_validate(MINIMAL_CARD)


def _outlined(rows: slice, columns: slice, plane: Plane = Plane.AXIAL, **changes: Any) -> Detection:
    """Return a detection with an outlined box on a scan of 100 by 100 pixels that the head fills."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[rows, columns] = 1.0
    box = (0, 0, SIDE, SIDE)
    position = SeriesPosition("key", "Series 1, axial", 3, 20, "volume", plane)
    detection = replace(make_detection("secret-name.png"), series=position, spacing=(0.5, 0.5))
    geometry = Geometry((SIDE, SIDE), box, box, (SIDE, SIDE))
    return replace(detection, _mask=mask, _evidence_map=mask, _geometry=geometry, **changes)


def test_left_of_an_oriented_image_is_the_right_of_the_patient(card: ModelCard) -> None:
    facts = slice_facts(_outlined(slice(50, 60), slice(15, 35)), card)
    assert (facts.side, facts.region) == (Side.PATIENT_RIGHT, Region.TEMPOROPARIETAL)
    assert (facts.position, facts.located_by) == (ImagePosition.MIDDLE_LEFT, LocatedBy.OUTLINE)
    assert facts.area_mm2 == pytest.approx(200 * 0.25)
    assert facts.slice_share == pytest.approx(0.02)
    assert facts.map_agrees is True


@pytest.mark.parametrize(
    "changes",
    [
        {"series": None},
        {"warnings": (UNKNOWN_ORIENTATION_WARNING,)},
        {"warnings": ("The reader changed the picture before it was read: turned by 180 degrees.",)},
        {"suggested_turn": 2},
    ],
)
def test_side_and_region_are_unknown_without_a_sure_orientation(card: ModelCard, changes: dict[str, Any]) -> None:
    facts = slice_facts(replace(_outlined(slice(50, 60), slice(15, 35)), **changes), card)
    assert (facts.is_oriented, facts.side, facts.region) == (False, None, None)
    assert facts.position is ImagePosition.MIDDLE_LEFT


def test_single_sagittal_slice_has_a_region_and_no_side(card: ModelCard) -> None:
    facts = slice_facts(_outlined(slice(50, 58), slice(38, 46), Plane.SAGITTAL), card)
    assert (facts.side, facts.region) == (None, Region.SELLAR)


def test_rejected_scan_has_a_reason_and_no_place(card: ModelCard) -> None:
    reason = "It looks like a head CT. The model was trained on MR slices only, so it did not look for a tumour."
    detection = _outlined(slice(50, 60), slice(15, 35), verdict=Verdict.NOT_BRAIN_MRI, reason=reason)
    facts = slice_facts(detection, card)
    assert facts.rejection is Rejection.LOOKS_LIKE_CT
    assert (facts.position, facts.diameter_mm, facts.has_outline) == (None, None, False)


def test_probability_between_the_thresholds_is_the_doubt(card: ModelCard) -> None:
    middle = (card.thresholds.rule_out + card.thresholds.rule_in) / 2
    detection = replace(make_detection("a.png"), verdict=Verdict.UNCERTAIN, tumor_probability=middle)
    assert slice_facts(detection, card).doubt is Doubt.BETWEEN_THRESHOLDS


def test_other_warnings_are_counted_without_their_words(card: ModelCard) -> None:
    detection = replace(make_detection("a.png"), warnings=("Anna Smith.dcm is odd.", "Another."))
    assert slice_facts(detection, card).warnings == (InputWarning.OTHER,)


def test_neighbours_are_counted_by_label(card: ModelCard) -> None:
    labels = [TumorClass.GLIOMA, None, TumorClass.NOTUMOR, TumorClass.MENINGIOMA]
    similar = [SimilarScan("path", label, 0.9, "group") for label in labels]
    neighbors = reading_facts(make_detection("a.png"), card, similar_scans=similar).neighbors
    assert neighbors is not None
    assert (neighbors.count, neighbors.tumors, neighbors.same_class) == (4, 3, 1)


def test_figures_are_those_of_the_plane_if_it_has_enough_slices(card: ModelCard) -> None:
    metrics = {
        "tumor_sensitivity": Metric(0.9, (0.8, 0.95), 1000),
        "tumor_sensitivity@plane:axial": Metric(0.7, (0.6, 0.8), 300),
        "tumor_specificity": Metric(0.98, (0.97, 0.99), 400),
        "tumor_specificity@plane:axial": Metric(1.0, (1.0, 1.0), 5),
    }
    facts = reading_facts(_outlined(slice(50, 60), slice(15, 35)), card, ModelAccuracy(metrics))
    assert facts.sensitivity is not None
    assert facts.false_alarm_rate is not None
    assert (facts.sensitivity.value, facts.sensitivity.plane) == (0.7, Plane.AXIAL)
    assert (facts.false_alarm_rate.value, facts.false_alarm_rate.plane) == (pytest.approx(0.02), None)


def test_figures_of_all_planes_are_those_of_the_verdict(card: ModelCard) -> None:
    metrics = {
        "tumor_sensitivity": Metric(0.96, (0.9, 0.98), 1000),
        "tumor_specificity": Metric(0.98, (0.97, 0.99), 400),
        "tumors@verdict:tumor suspected": Metric(0.94, (0.9, 0.97), 1000),
        "tumor_free@verdict:tumor suspected": Metric(0.01, (0.0, 0.03), 400),
    }
    facts = reading_facts(_outlined(slice(50, 60), slice(15, 35)), card, ModelAccuracy(metrics))
    assert facts.sensitivity is not None
    assert facts.false_alarm_rate is not None
    assert (facts.sensitivity.value, facts.false_alarm_rate.value) == (0.94, 0.01)


def test_facts_are_plain_json_without_identifiers(card: ModelCard) -> None:
    detection = _outlined(slice(50, 60), slice(15, 35))
    text = json.dumps(slice_facts(detection, card).to_dict(), allow_nan=False)
    assert detection.sha256[:8] not in text
    assert "secret" not in text
    assert json.loads(text)["class_probabilities"].keys() == {str(label) for label in CLASSES}


def test_study_has_its_counts_lesion_and_key_slices(card: ModelCard) -> None:
    slices = make_plane(lesion_between(10, 16), place=(50.0, 50.0, 13.0))
    reading = read_study(slices, StudyRule(), unreadable=2)
    facts = reading_facts(reading, card, slices=slices)
    assert facts.verdict is reading.verdict
    assert facts.slices is not None
    assert (facts.slices.judged, facts.slices.unreadable) == (40, 2)
    assert reading.lesion is not None
    assert (facts.lesion_first, facts.volume_ml) == (reading.lesion.first, reading.lesion.volume_ml)
    assert facts.key_slices[0].number == reading.key_slices[0].order + 1
    assert facts.plane is Plane.AXIAL
