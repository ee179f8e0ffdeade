"""Verdicts: probabilities that add up, sets that are never empty, and sentences that state the thresholds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from braintumor.enums import CLASSES, NON_MR_MODALITIES, TumorClass, Verdict
from braintumor.inference.decision import (
    OODScore,
    Thresholds,
    decide_verdict,
    predicted_class,
    prediction_set,
    softmax,
    tumor_probability,
)

LOGITS = hnp.arrays(np.float32, (4,), elements=st.floats(-1e4, 1e4, width=32))
SHARES = LOGITS.map(softmax)
QUANTILES = st.fixed_dictionaries({c: st.floats(-0.5, 1.5) for c in CLASSES})
THRESHOLDS = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: Thresholds(min(pair), max(pair)))


@given(LOGITS, st.floats(0.05, 20))
def test_probabilities_sum_to_one_and_keep_the_order_of_logits(logits, temperature):
    shares = softmax(logits, temperature)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
    assert shares[np.argmax(logits)] == shares.max()


@given(LOGITS, st.floats(1, 20))
def test_a_higher_temperature_is_never_more_confident(logits, temperature):
    assert softmax(logits, temperature).max() <= softmax(logits, 1.0).max() + 1e-12


@given(SHARES)
def test_the_tumour_probability_is_all_but_notumor(shares):
    assert tumor_probability(shares) == pytest.approx(1.0 - shares[CLASSES.index(TumorClass.NOTUMOR)], abs=1e-9)


@given(SHARES, QUANTILES)
def test_a_prediction_set_is_never_empty_and_holds_the_likeliest_class(shares, quantiles):
    found = prediction_set(shares, quantiles)
    assert CLASSES[int(np.argmax(shares))] in found
    assert len(set(found)) == len(found) <= len(CLASSES)


@given(SHARES, QUANTILES, st.sampled_from(CLASSES), st.floats(0, 2))
def test_a_larger_quantile_of_a_class_brings_that_class_in_and_changes_no_other(shares, quantiles, label, more):
    small = set(prediction_set(shares, quantiles))
    large = set(prediction_set(shares, {**quantiles, label: quantiles[label] + more}))
    assert small <= large <= small | {label}


@given(st.floats(0, 1), THRESHOLDS)
def test_the_verdict_follows_the_thresholds_and_says_so(probability, thresholds):
    verdict, reason = decide_verdict(probability, thresholds)
    if probability >= thresholds.rule_in:
        assert verdict is Verdict.TUMOR_SUSPECTED
    elif probability <= thresholds.rule_out:
        assert verdict is Verdict.NO_TUMOR_FOUND
    else:
        assert verdict is Verdict.UNCERTAIN
    assert f"{probability:.1%}" in reason
    assert reason.endswith(".")


@given(st.floats(0, 1), THRESHOLDS, st.sampled_from([*NON_MR_MODALITIES, "MR", "OT", ""]))
def test_what_says_itself_that_it_is_no_mr_is_refused_whatever_it_looks_like(probability, thresholds, modality):
    verdict, reason = decide_verdict(probability, thresholds, None, modality)
    assert (verdict is Verdict.NOT_BRAIN_MRI) == (modality in NON_MR_MODALITIES)
    assert ("The file says that it is" in reason) == (modality in NON_MR_MODALITIES)


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
def test_thresholds_that_make_no_sense_are_refused(low, high):
    with pytest.raises(ValueError, match="low <= high"):
        Thresholds(low, high)


DISTANCES = st.floats(0, 1e6)
LIMITS = st.tuples(st.floats(0.1, 100), st.floats(0.1, 100)).map(sorted)


@given(st.floats(0, 1), THRESHOLDS, DISTANCES, LIMITS)
def test_a_picture_too_far_from_the_training_scans_is_refused_and_an_odd_one_left_open(
    probability, thresholds, distance, limits
):
    strangeness = OODScore(distance, *limits)
    verdict, reason = decide_verdict(probability, thresholds, strangeness)
    if distance >= limits[1]:
        assert verdict is Verdict.NOT_BRAIN_MRI
        assert f"{distance / limits[1]:.1f} times as far" in reason
    elif distance >= limits[0]:
        assert verdict is Verdict.UNCERTAIN
        assert f"{distance / limits[1]:.0%} of the distance" in reason
    else:
        assert (verdict, reason) == decide_verdict(probability, thresholds)
    assert reason.endswith(".")


@given(DISTANCES, LIMITS)
def test_novelty_lies_between_0_and_1_and_passes_one_half_where_a_picture_is_refused(distance, limits):
    strangeness = OODScore(distance, *limits)
    assert 0 <= strangeness.score <= 1
    if not math.isclose(distance, limits[1], rel_tol=1e-9):  # there one rounding decides
        assert (strangeness.score >= 0.5) == strangeness.is_rejected


@given(st.floats(0, 1), st.floats(0.01, 0.99), st.floats(0, 1), st.floats(0, 1))
def test_a_version_that_tells_no_kinds_says_tumour_from_its_threshold_on_and_keeps_all_kinds_or_none(
    tumor, decision, of_tumors, of_healthy
):
    shares = np.array([tumor / 3, tumor / 3, 1 - tumor, tumor / 3])
    said = CLASSES[int(predicted_class(shares, decision))]
    assert said.is_tumor == (tumor_probability(shares) >= decision)
    quantiles = {c: of_tumors if c.is_tumor else of_healthy for c in CLASSES}
    found = prediction_set(shares, quantiles, decision)
    assert said in found
    assert sum(c.is_tumor for c in found) in (0, 3)
