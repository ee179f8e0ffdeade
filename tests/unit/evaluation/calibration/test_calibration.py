"""Calibration: the temperature is found, thresholds keep their promises, prediction sets cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.enums import CLASS_NAMES, CLASSES
from braintumor.evaluation.calibration.fit import (
    CONFORMAL_LEVEL,
    MAX_FALSE_NEGATIVE_RATE,
    MAX_FALSE_POSITIVE_RATE,
    fit_conformal,
    fit_temperature,
    fit_thresholds,
)
from braintumor.inference import load_artifact
from braintumor.inference.decision import prediction_set, softmax
from braintumor.settings import Settings
from tests.helpers.versions.tiny import write_version


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
    assert (tumor[is_tumor] <= limits.rule_out).mean() <= MAX_FALSE_NEGATIVE_RATE
    assert (tumor[~is_tumor] >= limits.rule_in).mean() <= MAX_FALSE_POSITIVE_RATE


def test_well_separated_classes_leave_nothing_uncertain() -> None:
    limits = fit_thresholds(np.array([0.9, 0.95, 0.1, 0.2]), np.array([True, True, False, False]))
    assert limits.rule_out == limits.rule_in == pytest.approx(0.55)


def _scans(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of a model that is far surer of the first class than of the others."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    logits = generator.normal(0, 1.5, (count, 4)) + np.array([4.0, 1.0, 2.0, 1.5])[labels, None] * np.eye(4)[labels]
    return softmax(logits), labels


@pytest.mark.parametrize("seed", range(3))
def test_prediction_sets_cover_new_scans_of_every_class(seed: int) -> None:
    quantiles = {CLASSES[i]: q for i, q in enumerate(fit_conformal(*_scans(seed, 8000)).values())}
    probabilities, labels = _scans(100 + seed, 8000)
    found = [prediction_set(p, quantiles) for p in probabilities]
    for index, label in enumerate(CLASSES):
        covered = np.mean([label in found[row] for row in np.flatnonzero(labels == index)])
        assert covered >= CONFORMAL_LEVEL - 0.02
    assert quantiles[CLASSES[0]] < quantiles[CLASSES[1]], "a class of its own has a quantile of its own"


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(20, 60))
def test_a_quantile_leaves_out_no_more_than_a_twentieth_of_the_scans_it_was_chosen_on(seed: int, count: int) -> None:
    probabilities, labels = _scans(seed, 4 * count)
    quantiles = fit_conformal(probabilities, labels)
    for index, name in enumerate(CLASS_NAMES):
        scores = 1 - probabilities[labels == index, index]
        assert (scores <= quantiles[name]).mean() >= CONFORMAL_LEVEL


def test_too_few_scans_for_the_level_put_every_class_in_the_set() -> None:
    probabilities = np.full((5, 4), 0.25)
    assert fit_conformal(probabilities, np.zeros(5, int)) == dict.fromkeys(CLASS_NAMES, 1.0)


def test_a_card_takes_the_quantiles_as_they_are_fitted(workspace: Settings) -> None:
    quantiles = fit_conformal(*_scans(0, 400))
    write_version(workspace.outputs, conformal={"level": CONFORMAL_LEVEL, "quantiles": quantiles})
    write_version(workspace.outputs, "old", conformal={"level": CONFORMAL_LEVEL, "quantile": 0.8})
    assert load_artifact("v1", workspace).card.conformal_quantiles == {c: quantiles[str(c)] for c in CLASSES}
    assert load_artifact("old", workspace).card.conformal_quantiles == dict.fromkeys(CLASSES, 0.8)
