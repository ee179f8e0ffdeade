"""Temperature, thresholds and prediction sets meet their guarantees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from braintumor.enums import CLASS_NAMES, CLASSES, Verdict
from braintumor.evaluation.calibration.fit import (
    CONFORMAL_LEVEL,
    MAX_FALSE_POSITIVE_RATE,
    MAX_RULED_OUT_RATE,
    fit_binary_threshold,
    fit_conformal,
    fit_temperature,
    fit_thresholds,
)
from braintumor.inference import load_artifact
from braintumor.inference.decision import MAX_RULE_OUT, Thresholds, decide_verdict, prediction_set, softmax
from braintumor.settings import Settings
from tests.helpers.binary_scores import random_scores
from tests.helpers.versions.tiny import write_version


def test_applied_temperature_is_recovered() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (5000, 4))
    labels = np.array([generator.choice(4, p=p) for p in softmax(logits)])
    assert fit_temperature(3.0 * logits, labels) == pytest.approx(3.0, rel=0.1)


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-1, 4), count=st.integers(3, 300))
def test_thresholds_meet_their_limits(seed: int, shift: float, count: int) -> None:
    generator = np.random.default_rng(seed)
    is_tumor = np.arange(2 * count) < count
    tumor = 1 / (1 + np.exp(-(generator.normal(size=2 * count) + shift * is_tumor)))
    thresholds = fit_thresholds(tumor, is_tumor)
    assert (tumor[is_tumor] <= thresholds.rule_out).mean() <= MAX_RULED_OUT_RATE
    assert (tumor[~is_tumor] >= thresholds.rule_in).mean() <= MAX_FALSE_POSITIVE_RATE


@settings(max_examples=100)
@given(seed=st.integers(0, 2**32 - 1), shift=st.floats(-4, 8), count=st.integers(3, 300))
def test_ruling_out_has_its_own_lower_threshold_of_at_most_one_half(seed: int, shift: float, count: int) -> None:
    generator = np.random.default_rng(seed)
    is_tumor = np.arange(2 * count) < count
    tumor = 1 / (1 + np.exp(-(generator.normal(size=2 * count) + shift * is_tumor)))
    thresholds = fit_thresholds(tumor, is_tumor)
    assert thresholds.rule_out < thresholds.rule_in
    assert thresholds.rule_out <= MAX_RULE_OUT


@given(st.integers(0, 2**32 - 1), st.integers(60, 200))
def test_weight_counts_like_that_many_scans(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    is_tumor = np.arange(count) % 2 == 0
    tumor = np.clip(generator.normal(np.where(is_tumor, 0.7, 0.3), 0.2), 0, 1)
    copies = generator.integers(1, 4, count)
    repeated = fit_thresholds(np.repeat(tumor, copies), np.repeat(is_tumor, copies))
    assert fit_thresholds(tumor, is_tumor, copies.astype(float)) == repeated


def test_gap_between_separable_classes_is_uncertain_below_its_middle() -> None:
    thresholds = fit_thresholds(np.array([0.9, 0.95, 0.1, 0.2]), np.array([True, True, False, False]))
    assert thresholds.rule_in == pytest.approx(0.55)
    assert thresholds.rule_out == pytest.approx(0.2)


def _scans(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of a model that is most confident about the first class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    logits = generator.normal(0, 1.5, (count, 4)) + np.array([4.0, 1.0, 2.0, 1.5])[labels, None] * np.eye(4)[labels]
    return softmax(logits), labels


@pytest.mark.parametrize("seed", range(3))
def test_prediction_sets_cover_new_scans_of_every_class(seed: int) -> None:
    quantiles = {CLASSES[i]: q for i, q in enumerate(fit_conformal(*_scans(seed, 8000)).values())}
    probabilities, labels = _scans(100 + seed, 8000)
    sets = [prediction_set(p, quantiles) for p in probabilities]
    for index, label in enumerate(CLASSES):
        covered = np.mean([label in sets[row] for row in np.flatnonzero(labels == index)])
        assert covered >= CONFORMAL_LEVEL - 0.02
    assert quantiles[CLASSES[0]] < quantiles[CLASSES[1]], "quantiles differ by class"


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(20, 60))
def test_prediction_sets_cover_the_calibration_scans(seed: int, count: int) -> None:
    probabilities, labels = _scans(seed, 4 * count)
    quantiles = fit_conformal(probabilities, labels)
    for index, name in enumerate(CLASS_NAMES):
        scores = 1 - probabilities[labels == index, index]
        assert (scores <= quantiles[name]).mean() >= CONFORMAL_LEVEL


@given(seed=st.integers(0, 2**32 - 1))
def test_scan_of_double_weight_counts_as_two_scans(seed: int) -> None:
    probabilities, labels = _scans(seed, 400)
    copies = np.random.default_rng(seed).integers(1, 3, len(labels))
    repeated = fit_conformal(np.repeat(probabilities, copies, axis=0), np.repeat(labels, copies))
    weighted = fit_conformal(probabilities, labels, copies.astype(float))
    assert all(weighted[name] >= repeated[name] for name in CLASS_NAMES), "fewer scans need a larger margin"
    assert fit_conformal(probabilities, labels, np.full(len(labels), 0.1)) == fit_conformal(probabilities, labels)


def test_few_scans_of_high_weight_decide_the_quantile() -> None:
    probabilities, labels = np.full((100, 4), 0.9), np.zeros(100, int)
    probabilities[97:] = 0.1
    assert fit_conformal(probabilities, labels)["glioma"] == pytest.approx(0.1)
    assert fit_conformal(probabilities, labels, np.repeat([1.0, 10.0], [97, 3]))["glioma"] == pytest.approx(0.9)


def test_too_few_scans_yield_full_prediction_sets() -> None:
    probabilities = np.full((5, 4), 0.25)
    assert fit_conformal(probabilities, np.zeros(5, int)) == dict.fromkeys(CLASS_NAMES, 1.0)


def test_card_accepts_fitted_quantiles(workspace: Settings) -> None:
    quantiles = fit_conformal(*_scans(0, 400))
    write_version(workspace.outputs, conformal={"level": CONFORMAL_LEVEL, "quantiles": quantiles})
    write_version(workspace.outputs, "old", conformal={"level": CONFORMAL_LEVEL, "quantile": 0.8})
    assert load_artifact("v1", workspace).card.conformal_quantiles == {c: quantiles[str(c)] for c in CLASSES}
    assert load_artifact("old", workspace).card.conformal_quantiles == dict.fromkeys(CLASSES, 0.8)


@given(st.integers(0, 200))
def test_binary_threshold_maximises_youden_index(seed: int) -> None:
    is_tumor, tumor = random_scores(seed)

    def youden_index(threshold: float) -> float:
        predicted = tumor >= threshold
        return float(predicted[is_tumor].mean() + (~predicted[~is_tumor]).mean())

    best = youden_index(fit_binary_threshold(tumor, is_tumor, Thresholds(0.0, 1.0)))
    assert all(best >= youden_index(t) - 1e-12 for t in (*tumor, 0.0, 1.0))


@given(st.integers(0, 200), st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_binary_threshold_never_contradicts_the_verdict(seed: int, limits: list[float]) -> None:
    is_tumor, tumor = random_scores(seed)
    thresholds = Thresholds(*limits)
    decision = fit_binary_threshold(tumor, is_tumor, thresholds)
    for probability in (*tumor, *limits):
        verdict, predicted = decide_verdict(float(probability), thresholds)[0], probability >= decision
        assert verdict is not (Verdict.NO_TUMOR_FOUND if predicted else Verdict.TUMOR_SUSPECTED)
