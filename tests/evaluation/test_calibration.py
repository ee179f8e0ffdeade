"""Calibration: the temperature is found, thresholds keep their promises, prediction sets cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.evaluation.calibration import (
    FALSE_ALARMS,
    MISSED,
    fit_conformal,
    fit_temperature,
    fit_thresholds,
)
from braintumor.inference.verdict import prediction_set, softmax


def test_the_temperature_that_was_applied_is_found_again() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (5000, 4))
    labels = np.array([generator.choice(4, p=p) for p in softmax(logits)])
    assert fit_temperature(3.0 * logits, labels) == pytest.approx(3.0, rel=0.1)


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1, 4), count=st.integers(3, 300))
def test_thresholds_keep_their_promises_on_the_set_they_were_chosen_on(seed: int, shift: float, count: int) -> None:
    generator = np.random.default_rng(seed)
    is_tumor = np.arange(2 * count) < count
    tumor = 1 / (1 + np.exp(-(generator.normal(size=2 * count) + shift * is_tumor)))
    limits = fit_thresholds(tumor, is_tumor)
    assert (tumor[is_tumor] <= limits.low).mean() <= MISSED
    assert (tumor[~is_tumor] >= limits.high).mean() <= FALSE_ALARMS


def test_well_separated_classes_leave_nothing_uncertain() -> None:
    limits = fit_thresholds(np.array([0.9, 0.95, 0.1, 0.2]), np.array([True, True, False, False]))
    assert limits.low == limits.high == pytest.approx(0.55)


def test_prediction_sets_cover_new_scans_like_those_they_were_chosen_on() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(0, 1.5, (8000, 4))
    probabilities = softmax(logits)
    labels = np.array([generator.choice(4, p=p) for p in probabilities])
    quantile = fit_conformal(probabilities[:4000], labels[:4000])
    names = [[str(c) for c in prediction_set(p, quantile)] for p in probabilities[4000:]]
    order = ("glioma", "meningioma", "notumor", "pituitary")
    covered = np.mean([order[label] in found for label, found in zip(labels[4000:], names, strict=True)])
    assert covered == pytest.approx(0.95, abs=0.015)


def test_too_few_scans_for_the_level_put_every_class_in_the_set() -> None:
    probabilities = np.full((5, 4), 0.25)
    assert fit_conformal(probabilities, np.zeros(5, int)) == 1.0
