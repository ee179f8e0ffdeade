"""Decision: calibrated probabilities, prediction sets, and verdicts whose reasons state the thresholds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from braintumor.enums import CLASSES, NON_MR_MODALITIES, PictureKind, TumorClass, Verdict
from braintumor.imaging import read_scan
from braintumor.inference.decision import (
    OODScore,
    Thresholds,
    decide_verdict,
    describe_rule,
    limit_by_picture,
    predicted_class,
    prediction_set,
    softmax,
    tumor_probability,
)
from tests.helpers.scan_files.pictures import draw_slice

LOGITS = hnp.arrays(np.float32, (4,), elements=st.floats(-1e4, 1e4, width=32))
PROBABILITIES = LOGITS.map(softmax)
QUANTILES = st.fixed_dictionaries({c: st.floats(-0.5, 1.5) for c in CLASSES})
PANELS = ((0, 0, 8, 8), (8, 0, 16, 8), (0, 8, 8, 16), (8, 8, 16, 16))
THRESHOLDS = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Thresholds(min(pair), max(pair)))


@given(LOGITS, st.floats(0.05, 20))
def test_probabilities_sum_to_one_in_the_order_of_the_logits(logits, temperature):
    probabilities = softmax(logits, temperature)
    assert probabilities.sum() == pytest.approx(1.0)
    assert (probabilities >= 0).all()
    assert probabilities[np.argmax(logits)] == probabilities.max()


@given(LOGITS, st.floats(1, 20))
def test_higher_temperature_is_never_more_confident(logits, temperature):
    assert softmax(logits, temperature).max() <= softmax(logits, 1.0).max() + 1e-12


@given(PROBABILITIES)
def test_tumor_probability_is_the_complement_of_notumor(probabilities):
    assert tumor_probability(probabilities) == pytest.approx(
        1.0 - probabilities[CLASSES.index(TumorClass.NOTUMOR)], abs=1e-9
    )


@given(PROBABILITIES, QUANTILES)
def test_prediction_set_contains_the_predicted_class(probabilities, quantiles):
    included = prediction_set(probabilities, quantiles)
    assert CLASSES[int(np.argmax(probabilities))] in included
    assert len(set(included)) == len(included) <= len(CLASSES)


@given(PROBABILITIES, QUANTILES, st.sampled_from(CLASSES), st.floats(0, 2))
def test_larger_quantile_adds_only_its_own_class(probabilities, quantiles, label, more):
    small = set(prediction_set(probabilities, quantiles))
    large = set(prediction_set(probabilities, {**quantiles, label: quantiles[label] + more}))
    assert small <= large <= small | {label}


@given(st.floats(0, 1), THRESHOLDS)
def test_verdict_follows_the_thresholds_and_states_them(probability, thresholds):
    verdict, reason = decide_verdict(probability, thresholds)
    if probability >= thresholds.rule_in:
        assert verdict is Verdict.TUMOR_SUSPECTED
    elif probability <= thresholds.rule_out:
        assert verdict is Verdict.NO_TUMOR_FOUND
    else:
        assert verdict is Verdict.UNCERTAIN
    assert f"{probability:.1%}" in reason
    assert any(f"{limit:.1%}" in reason for limit in (thresholds.rule_out, thresholds.rule_in))
    assert reason.endswith(".")


@given(st.floats(0, 1), THRESHOLDS)
def test_tumour_that_is_more_likely_than_not_is_never_ruled_out(probability: float, thresholds: Thresholds) -> None:
    verdict, _ = decide_verdict(probability, thresholds)
    assert verdict is not Verdict.NO_TUMOR_FOUND or probability <= 0.5
    assert f" {thresholds.rule_out:.1%} or less: no tumour found" in describe_rule(thresholds)


def test_rule_names_both_thresholds() -> None:
    rule = describe_rule(Thresholds(0.351, 0.678))
    assert rule.startswith("67.8% or more: tumour suspected. 35.1% or less: no tumour found. In between: uncertain")


def test_scan_just_below_the_upper_threshold_is_uncertain() -> None:
    verdict, reason = decide_verdict(0.63, Thresholds(0.351, 0.678))
    assert verdict is Verdict.UNCERTAIN
    assert "63.0% lies between the lower threshold of 35.1% and the upper threshold of 67.8%" in reason


@given(st.floats(0, 1), THRESHOLDS, st.sampled_from([*NON_MR_MODALITIES, "MR", "OT", ""]))
def test_other_modalities_than_mr_are_rejected(probability, thresholds, modality):
    verdict, reason = decide_verdict(probability, thresholds, None, modality)
    assert (verdict is Verdict.NOT_BRAIN_MRI) == (modality in NON_MR_MODALITIES)
    assert ("The file says that it is" in reason) == (modality in NON_MR_MODALITIES)


@pytest.mark.parametrize(
    ("looks_like_ct", "distance", "verdict"),
    [
        (True, 0.5, Verdict.NOT_BRAIN_MRI),
        (False, 3.0, Verdict.NOT_BRAIN_MRI),
        (False, 1.5, Verdict.OUTSIDE_FIELD),
        (False, 0.5, Verdict.OUTSIDE_FIELD),
    ],
)
def test_brain_is_looked_for_in_what_is_an_mri_of_a_head(
    looks_like_ct: bool, distance: float, verdict: Verdict
) -> None:
    score = OODScore(distance, unusual_at=1.0, reject_at=2.0)
    decided, reason = decide_verdict(
        0.99, Thresholds(0.3, 0.7), score, looks_like_ct=looks_like_ct, is_outside_field=True
    )
    assert decided is verdict
    assert reason.endswith("did not look for a tumour.")
    assert not decided.has_result


def test_picture_of_no_head_is_not_called_a_head_ct() -> None:
    far, near = (OODScore(distance, unusual_at=1.0, reject_at=2.0) for distance in (3.0, 0.5))
    reasons = [decide_verdict(0.99, Thresholds(0.3, 0.7), score, looks_like_ct=True)[1] for score in (far, near)]
    assert reasons[0].startswith("Out-of-distribution score 0.60 (rejected at 0.50 or above)")
    assert reasons[1].startswith("It looks like a head CT")


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
def test_invalid_thresholds_are_refused(low, high):
    with pytest.raises(ValueError, match="rule_out <= rule_in"):
        Thresholds(low, high)


DISTANCES = st.floats(0, 1e6)
LIMITS = st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)).map(sorted)


@given(st.floats(0, 1), THRESHOLDS, DISTANCES, LIMITS)
def test_distant_scan_is_rejected_and_unusual_scan_is_uncertain(probability, thresholds, distance, limits):
    ood_score = OODScore(distance, *limits)
    verdict, reason = decide_verdict(probability, thresholds, ood_score)
    if distance >= limits[1]:
        assert verdict is Verdict.NOT_BRAIN_MRI
        assert f"score {ood_score.score:.2f} (rejected at 0.50 or above)" in reason
    elif distance >= limits[0]:
        assert verdict is Verdict.UNCERTAIN
        assert f"(unusual at {limits[0] / (limits[0] + limits[1]):.2f}, rejected at 0.50 or above)" in reason
        assert "score 0.5" not in reason
    else:
        assert (verdict, reason) == decide_verdict(probability, thresholds)
    assert reason.endswith(".")


@given(DISTANCES, LIMITS)
def test_ood_score_is_one_half_at_rejection(distance, limits):
    ood_score = OODScore(distance, *limits)
    assert 0 <= ood_score.score <= 1
    if not math.isclose(distance, limits[1], rel_tol=1e-9):  # there one rounding decides
        assert (ood_score.score >= 0.5) == ood_score.is_rejected


@given(st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1))
def test_binary_model_predicts_tumor_from_its_threshold_with_all_tumor_classes_or_none(
    tumor, threshold, tumor_quantile, notumor_quantile
):
    probabilities = np.array([tumor / 3, tumor / 3, 1 - tumor, tumor / 3])
    predicted = CLASSES[int(predicted_class(probabilities, threshold))]
    assert predicted.is_tumor == (tumor_probability(probabilities) >= threshold)
    quantiles = {c: tumor_quantile if c.is_tumor else notumor_quantile for c in CLASSES}
    included = prediction_set(probabilities, quantiles, threshold)
    assert predicted in included
    assert sum(c.is_tumor for c in included) in (0, 3)


@pytest.mark.parametrize("kind", [PictureKind.SHEET, PictureKind.SCREENSHOT, PictureKind.PHOTOGRAPH])
@pytest.mark.parametrize("verdict", list(Verdict))
def test_other_pictures_are_uncertain_or_rejected_with_their_kind(kind: PictureKind, verdict: Verdict) -> None:
    scan = replace(read_scan(draw_slice()), picture=kind, panels=PANELS)
    limited, reason = limit_by_picture(verdict, "Because.", scan)
    assert limited is (verdict if verdict is Verdict.NOT_BRAIN_MRI else Verdict.UNCERTAIN)
    assert {"multi-panel sheet": "2x2 sheet", "screenshot of a viewer": "screenshot"}.get(kind, "photograph") in reason
    assert reason.endswith("Because.")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_text_on_the_head_only_prevents_clearing(verdict: Verdict) -> None:
    scan = replace(read_scan(draw_slice()), has_text_on_head=True)
    limited, reason = limit_by_picture(verdict, "Because.", scan)
    if verdict is Verdict.NO_TUMOR_FOUND:
        assert (limited, reason.split(",")[0]) == (Verdict.UNCERTAIN, "Text or marks lie on the head")
    else:
        assert (limited, reason) == (verdict, "Because.")


def test_plain_slice_is_not_limited() -> None:
    assert limit_by_picture(Verdict.NO_TUMOR_FOUND, "Because.", read_scan(draw_slice())) == (
        Verdict.NO_TUMOR_FOUND,
        "Because.",
    )
