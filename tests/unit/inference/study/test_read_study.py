"""The rule for studies: neighbouring slices and crossing planes decide, single slices and refused slices do not."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.enums import Plane, TumorClass, Verdict
from braintumor.inference.study import StudyRule, StudySlice
from braintumor.inference.study.read_study import read_study
from tests.helpers.studies.study_slices import lesion_between, make_plane, make_slice

RULE = StudyRule()
PLANES = (Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL)
LESION = (20.0, 20.0, 20.0)


def three_planes(*log_odds: list[float], places: tuple[tuple[float, float, float], ...] = (LESION,) * 3):
    return [
        each
        for plane, values, place in zip(PLANES, log_odds, places, strict=True)
        for each in make_plane(values, plane, place=place)
    ]


def test_one_noisy_slice_does_not_decide():
    reading = read_study(make_plane(lesion_between(20, 20, inside=20.0), step=5.0), RULE)
    assert reading.verdict is Verdict.NO_TUMOR_FOUND
    assert reading.result is TumorClass.NOTUMOR
    assert reading.lesion is None


@pytest.mark.parametrize("step", [None, 2.0, 6.0])
def test_lesion_over_five_neighbouring_slices_is_suspected(step: float | None):
    reading = read_study(make_plane(lesion_between(18, 22), step=step, place=LESION), RULE)
    assert reading.verdict is Verdict.TUMOR_SUSPECTED
    assert reading.result is TumorClass.GLIOMA
    assert reading.lesion is not None
    assert (reading.lesion.first, reading.lesion.last) == (19, 23)
    assert reading.key_slices[0].order in range(18, 23)


def test_lesion_that_all_planes_show_at_one_place_is_suspected_and_measured():
    reading = read_study(three_planes(*[lesion_between(14, 26)] * 3), RULE)
    assert (reading.verdict, reading.planes_agree) == (Verdict.TUMOR_SUSPECTED, True)
    assert "the outlines on axial, coronal and sagittal slices do not contradict each other" in reading.reason
    assert reading.lesion is not None
    # 13 slices of 1 mm with 100 mm2 each.
    assert reading.lesion.extent_mm == pytest.approx(13)
    assert reading.lesion.volume_ml == pytest.approx(1.3)
    assert reading.lesion.diameter_mm == pytest.approx(12)


@given(
    st.lists(st.lists(st.floats(-6, 6), min_size=6, max_size=12), min_size=1, max_size=3),
    st.floats(0, 1),
)
def test_study_is_never_cleared_with_a_plane_that_more_likely_shows_a_tumour(planes: list[list[float]], limit: float):
    rule = StudyRule(min_slices=2, max_log_odds=2.0, rule_out=limit, rule_in=limit, plane_rule_in=1.0)
    slices = [each for plane, values in zip(PLANES, planes, strict=False) for each in make_plane(values, plane)]
    reading = read_study(slices, rule)
    cleared = [reading.tumor_probability] if reading.verdict is Verdict.NO_TUMOR_FOUND else []
    cleared += [plane.score for plane in reading.planes if plane.score and reading.verdict is Verdict.NO_TUMOR_FOUND]
    cleared += [plane.score for plane in reading.planes if plane.score and plane.verdict is Verdict.NO_TUMOR_FOUND]
    assert max(cleared, default=0.0) <= 0.5


def test_planes_that_disagree_are_uncertain():
    clear = lesion_between(-1, -1)
    reading = read_study(three_planes(clear, clear, lesion_between(10, 30)), RULE)
    assert (reading.verdict, reading.planes_agree) == (Verdict.UNCERTAIN, False)
    assert "the planes disagree: sagittal slices are suspicious" in reading.reason


def test_planes_that_show_a_tumour_at_different_places_are_uncertain():
    places = ((10.0, 10.0, 20.0), (35.0, 20.0, 35.0), (20.0, 38.0, 2.0))
    reading = read_study(three_planes(*[lesion_between(14, 26)] * 3, places=places), RULE)
    assert (reading.verdict, reading.planes_agree) == (Verdict.UNCERTAIN, False)
    assert "no two planes show a tumour at the same place" in reading.reason


def test_tumor_free_volume_is_ruled_out_with_its_most_suspicious_slices():
    reading = read_study(three_planes(*[lesion_between(-1, -1)] * 3), RULE)
    assert (reading.verdict, reading.planes_agree) == (Verdict.NO_TUMOR_FOUND, True)
    assert {each.plane for each in reading.key_slices[:3]} == set(PLANES)


@pytest.mark.parametrize("refused_as", [Verdict.NOT_BRAIN_MRI, Verdict.OUTSIDE_FIELD])
@given(st.lists(st.floats(-9, 9), min_size=3, max_size=30), st.data())
def test_refused_slices_never_vote(refused_as: Verdict, log_odds: list[float], data: st.DataObject):
    slices = make_plane(log_odds)
    refused = [
        make_slice(value, len(slices) + index, in_field=False, refused_as=refused_as)
        for index, value in enumerate(data.draw(st.lists(st.floats(-9, 9), max_size=20)))
    ]
    rule = replace(RULE, min_brain_share=0.0, min_clear_share=0.0)
    alone, together = read_study(slices, rule), read_study([*slices, *refused], rule)
    assert together.tumor_probability == alone.tumor_probability
    assert together.verdict is alone.verdict
    assert together.counts.outside == (len(refused) if refused_as is Verdict.OUTSIDE_FIELD else 0)
    assert together.counts.outside + together.counts.rejected == len(refused)


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=40), st.sampled_from([None, 1.0, 4.0]), st.randoms())
def test_order_of_the_slices_does_not_matter(log_odds: list[float], step: float | None, order: random.Random):
    slices = make_plane(log_odds, step=step, place=LESION)
    shuffled = order.sample(slices, len(slices))
    assert read_study(shuffled, RULE) == read_study(slices, RULE)


@given(st.lists(st.floats(-9, 9), min_size=2, max_size=40), st.floats(0, 5))
def test_higher_probabilities_never_lower_the_score(log_odds: list[float], increase: float):
    before = read_study(make_plane(log_odds), RULE)
    after = read_study(make_plane([value + increase for value in log_odds]), RULE)
    assert after.tumor_probability >= before.tumor_probability - 1e-12
    assert sum(after.probabilities.values()) == pytest.approx(1)


@pytest.mark.parametrize("verdict", list(Verdict))
def test_study_of_one_slice_has_the_verdict_of_the_slice(verdict: Verdict):
    only = replace(make_slice(1.0), verdict=verdict)
    reading = read_study([only], RULE)
    assert (reading.verdict, reading.reason) == (verdict, only.reason)
    assert reading.tumor_probability == only.tumor_probability
    assert reading.key_slices == (only,)


def refused(count: int) -> list[StudySlice]:
    return [make_slice(5.0, 100 + index, in_field=False) for index in range(count)]


def test_study_of_refused_slices_is_not_a_brain_mri():
    reading = read_study(refused(12), RULE)
    assert reading.verdict is Verdict.NOT_BRAIN_MRI
    assert reading.reason.startswith("Only 0 of 12 slices look like a brain MRI")


def test_two_slices_between_refused_ones_are_too_few_for_a_verdict():
    reading = read_study([*make_plane([-5.0, -5.0]), *refused(4)], RULE)
    assert reading.verdict is Verdict.UNCERTAIN
    assert "too few for a verdict" in reading.reason


def outside(count: int) -> list[StudySlice]:
    return [make_slice(5.0, 100 + index, in_field=False, refused_as=Verdict.OUTSIDE_FIELD) for index in range(count)]


def test_neck_and_air_do_not_prevent_clearing():
    reading = read_study([*make_plane([-5.0] * 5), *outside(95)], RULE)
    assert reading.verdict is Verdict.NO_TUMOR_FOUND
    assert reading.counts.describe() == "100 slices: 5 judged, 95 outside the model's field."


def test_neck_and_air_do_not_hide_a_tumour():
    assert read_study([*make_plane([5.0] * 5), *outside(95)], RULE).verdict is Verdict.TUMOR_SUSPECTED


def test_neck_and_air_do_not_make_up_for_refused_slices():
    reading = read_study([*make_plane([-5.0] * 5), *refused(20), *outside(95)], RULE)
    assert reading.verdict is Verdict.UNCERTAIN
    assert reading.reason.startswith("Only 5 of 25 slices (not counting those outside the brain) could be judged")


def test_study_without_brain_is_outside_the_field():
    reading = read_study([*outside(12), *refused(2)], RULE)
    assert (reading.verdict, reading.lesion) == (Verdict.OUTSIDE_FIELD, None)
    assert {plane.verdict for plane in reading.planes} == {Verdict.OUTSIDE_FIELD}
    assert "the model did not look for a tumour" in reading.reason


def test_mostly_refused_study_is_not_cleared():
    reading = read_study([*make_plane([-5.0] * 5), *refused(20)], RULE)
    assert reading.verdict is Verdict.UNCERTAIN
    assert "too few to rule out a tumour" in reading.reason


def test_reformatted_slices_do_not_vote():
    blurred = [replace(each, is_reformatted=True) for each in make_plane(lesion_between(5, 30), Plane.SAGITTAL)]
    reading = read_study([*make_plane(lesion_between(-1, -1)), *blurred], RULE)
    assert reading.verdict is Verdict.NO_TUMOR_FOUND
    assert reading.counts.reformatted == 40


def test_most_suspicious_volume_decides():
    other = [
        replace(each, volume="other", stack="other", id=f"other-{each.order}")
        for each in make_plane(lesion_between(10, 20), place=LESION)
    ]
    reading = read_study([*make_plane(lesion_between(-1, -1)), *other], RULE)
    assert reading.verdict is Verdict.TUMOR_SUSPECTED
    assert len(reading.planes) == 2


def test_single_slice_of_another_series_does_not_decide():
    alone = replace(make_slice(9.0), volume="localizer", stack="localizer", id="alone")
    alone = replace(alone, verdict=Verdict.TUMOR_SUSPECTED)
    reading = read_study([*make_plane(lesion_between(-1, -1)), alone], RULE)
    assert reading.verdict is Verdict.NO_TUMOR_FOUND


def test_files_without_a_series_are_read_as_neighbours_in_the_given_order():
    slices = [
        replace(each, volume=str(each.order), stack=str(each.order), order=0, millimetres=None)
        for each in make_plane(lesion_between(18, 22))
    ]
    assert read_study(slices, RULE).verdict is Verdict.TUMOR_SUSPECTED
    noisy = [replace(each, tumor_probability=0.01) if index != 20 else each for index, each in enumerate(slices)]
    assert read_study(noisy, RULE).verdict is Verdict.NO_TUMOR_FOUND


def test_study_without_slices_is_refused():
    with pytest.raises(ValueError, match="at least one slice"):
        read_study([], RULE)


def test_rule_with_thresholds_in_the_wrong_order_is_refused():
    with pytest.raises(ValueError, match="rule_out <= rule_in"):
        StudyRule(rule_out=0.7, rule_in=0.3)


def test_sparse_study_has_thresholds_of_its_own():
    rule = replace(RULE, sparse_below=16, sparse_rule_out=0.01, sparse_rule_in=0.2)
    values = [-1.0] * 8
    assert read_study(make_plane(values, step=None), RULE).verdict is Verdict.NO_TUMOR_FOUND
    assert read_study(make_plane(values, step=None), rule).verdict is Verdict.TUMOR_SUSPECTED
    assert read_study(make_plane(values * 2, step=None), rule).verdict is Verdict.NO_TUMOR_FOUND
    with pytest.raises(ValueError, match="sparse study must satisfy"):
        replace(rule, sparse_rule_out=0.3)
