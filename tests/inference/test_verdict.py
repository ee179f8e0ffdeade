"""Verdicts: probabilities that add up, sets that are never empty, and sentences that state the thresholds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from braintumor.inference.verdict import Thresholds, decide, prediction_set, softmax, tumor_probability
from braintumor.vocabulary import CLASSES, TumorClass, Verdict

LOGITS = hnp.arrays(np.float32, (4,), elements=st.floats(-1e4, 1e4, width=32))
SHARES = LOGITS.map(softmax)
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


@given(SHARES, st.floats(-0.5, 1.5))
def test_a_prediction_set_is_never_empty_and_holds_the_likeliest_class(shares, quantile):
    found = prediction_set(shares, quantile)
    assert CLASSES[int(np.argmax(shares))] in found
    assert len(set(found)) == len(found) <= len(CLASSES)


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_quantile_never_leaves_a_class_out(shares, one, other):
    small, large = sorted((one, other))
    assert set(prediction_set(shares, small)) <= set(prediction_set(shares, large))


@given(st.floats(0, 1), THRESHOLDS)
def test_the_verdict_follows_the_thresholds_and_says_so(probability, thresholds):
    verdict, reason = decide(probability, thresholds)
    if probability >= thresholds.high:
        assert verdict is Verdict.TUMOR_SUSPECTED
    elif probability <= thresholds.low:
        assert verdict is Verdict.NO_TUMOR_FOUND
    else:
        assert verdict is Verdict.UNCERTAIN
    assert f"{probability:.1%}" in reason
    assert reason.endswith(".")


@pytest.mark.parametrize(("low", "high"), [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.5)])
def test_thresholds_that_make_no_sense_are_refused(low, high):
    with pytest.raises(ValueError, match="low <= high"):
        Thresholds(low, high)
