"""Fitting the rule for studies: reaches the goals where it can, weighs patients equally, and describes itself."""

import numpy as np
import pytest

from braintumor.enums import Plane
from braintumor.evaluation.calibration import fit_study
from braintumor.evaluation.calibration.fit_study import fit_study_rule, measure_rule
from braintumor.evaluation.study.labelled import LabelledStudy
from braintumor.inference.study import StudyRule
from tests.helpers.studies.study_slices import make_plane

LESION = (10.0, 10.0, 10.0)


@pytest.fixture(autouse=True)
def _few_candidates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_study, "MIN_SLICES", (3,))
    monkeypatch.setattr(fit_study, "MAX_LOG_ODDS", (4.0,))


def make_studies(count: int, separation: float, seed: int) -> list[LabelledStudy]:
    """Return studies of three planes: noise with single high slices, and a lesion of 12 mm in every other one."""
    random = np.random.default_rng(seed)
    studies = []
    for number in range(count):
        slices = []
        for plane in (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL):
            values = random.normal(-separation, 1.5, 20)
            values[random.integers(20)] = 8.0
            if number % 2:
                values[4:16] += 2 * separation
            slices += make_plane(list(values), plane, place=LESION)
        studies.append(LabelledStudy(slices, bool(number % 2), f"patient {number}"))
    return studies


def test_separable_studies_reach_both_goals_on_other_patients():
    fit = fit_study_rule(make_studies(12, 3.0, 1))
    assert fit.tumor_free_ruled_out == 1.0
    assert fit.tumors_ruled_out == 0.0
    other = measure_rule(make_studies(12, 3.0, 2), fit.rule)
    assert other.tumor_free_ruled_out >= 0.9
    for measured in (fit, other):
        assert measured.tumors_suspected >= fit_study.MIN_TUMORS_SUSPECTED
        assert measured.tumor_free_suspected <= fit_study.MAX_TUMOR_FREE_SUSPECTED


def test_section_of_the_card_is_the_rule_with_how_it_was_chosen():
    section = fit_study_rule(make_studies(8, 3.0, 1)).rule.to_dict()
    assert StudyRule(**section).smoothing_mm == 10.0
    assert "On 8 studies of 4 patients with and 4 without a tumour" in section["chosen"]


def test_studies_that_look_alike_keep_tumor_free_ones_from_being_suspected():
    fit = fit_study_rule(make_studies(12, 0.0, 3))
    assert fit.tumor_free_suspected <= fit_study.MAX_TUMOR_FREE_SUSPECTED
    assert fit.tumors_suspected < fit_study.MIN_TUMORS_SUSPECTED


def test_patient_with_many_studies_counts_once():
    one = make_studies(4, 3.0, 1)
    repeated = [*one, *[one[0]] * 10]
    assert fit_study_rule(repeated).tumor_free_ruled_out == fit_study_rule(one).tumor_free_ruled_out
    rule = StudyRule(rule_out=0.0, rule_in=1e-6, plane_rule_in=1.0)
    assert measure_rule(repeated, rule).tumor_free_suspected == pytest.approx(
        measure_rule(one, rule).tumor_free_suspected
    )


def test_studies_of_one_truth_are_refused():
    with pytest.raises(ValueError, match="with and without a tumour"):
        fit_study_rule([study for study in make_studies(4, 3.0, 1) if study.has_tumor])


def make_pictures(count: int, center: float, *, has_tumor: bool) -> list[LabelledStudy]:
    """Return studies of six slices at unknown distances."""
    random = np.random.default_rng(5)
    return [
        LabelledStudy(make_plane(list(random.normal(center, 0.5, 6)), step=None), has_tumor, f"{has_tumor} {number}")
        for number in range(count)
    ]


def test_small_studies_get_lower_thresholds_than_whole_volumes():
    tumor_free = [study for study in make_studies(4, 1.0, 1) if not study.has_tumor]
    rule = fit_study_rule(
        [*make_pictures(8, 3.0, has_tumor=True), *make_pictures(8, -4, has_tumor=False), *tumor_free]
    ).rule
    assert rule.sparse_below == fit_study.SPARSE_BELOW
    assert rule.sparse_rule_in < rule.rule_in
    assert "of the latter 2 with at least 16 slices" in rule.chosen


def test_few_tumor_free_patients_leave_a_margin(monkeypatch: pytest.MonkeyPatch):
    studies = [*make_pictures(8, 0.0, has_tumor=True), *make_pictures(8, -0.5, has_tumor=False)]
    with_margin = fit_study_rule(studies).rule
    monkeypatch.setattr(fit_study, "ENOUGH_PATIENTS", 8)
    assert with_margin.rule_in > fit_study_rule(studies).rule.rule_in
    assert with_margin.sparse_below == 0


def test_few_tumor_patients_lower_the_threshold_for_ruling_out(monkeypatch: pytest.MonkeyPatch):
    studies = [*make_pictures(24, 0.0, has_tumor=True), *make_pictures(24, -0.5, has_tumor=False)]
    with_margin = fit_study_rule(studies).rule
    monkeypatch.setattr(fit_study, "ENOUGH_TUMOR_PATIENTS", 24)
    assert with_margin.rule_out < fit_study_rule(studies).rule.rule_out


def test_threshold_for_ruling_out_is_no_higher_than_needed():
    tumors = make_pictures(24, 3.0, has_tumor=True)
    faint = make_pictures(1, 0.0, has_tumor=True)
    rules = [
        fit_study_rule([*tumors, *faint, *make_pictures(24, center, has_tumor=False)]).rule for center in (-3.0, -2.0)
    ]
    assert rules[0].rule_out < rules[1].rule_out


def test_upper_threshold_is_near_the_tumor_free_studies_of_enough_patients(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(fit_study, "MARGIN", 0.0)  # only the position differs
    studies = [*make_pictures(24, 3.0, has_tumor=True), *make_pictures(24, -3.0, has_tumor=False)]
    near = fit_study_rule(studies).rule
    monkeypatch.setattr(fit_study, "ENOUGH_PATIENTS", 25)
    assert near.rule_in < fit_study_rule(studies).rule.rule_in
    assert near.rule_out < near.rule_in
