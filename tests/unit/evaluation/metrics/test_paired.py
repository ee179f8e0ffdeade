"""Paired comparisons find real differences, ignore noise, and recover a known learning curve."""

from typing import Any

import numpy as np
import pytest

from braintumor.evaluation.metrics.paired import learning_curve, paired_auc, paired_difference

GROUPS = np.repeat(np.arange(60), 5).astype(str).astype(object)
STRATA = (np.repeat(np.arange(60), 5) % 4).astype(np.int64)


def _right(rate: float, seed: int, seeds: int = 3) -> np.ndarray:
    return (np.random.default_rng(seed).random((seeds, len(GROUPS))) < rate).astype(float)


def test_better_condition_has_an_interval_above_zero() -> None:
    metrics = paired_difference(_right(0.9, 1), _right(0.7, 2), GROUPS, STRATA, replicates=300)
    assert 0 < metrics["low"] < metrics["value"] < metrics["high"]
    assert metrics["value"] == pytest.approx(0.2, abs=0.06)
    assert (metrics["n"], metrics["groups"], metrics["seeds"]) == (300, 60, 3)


def test_other_seeds_of_the_same_condition_are_not_better() -> None:
    metrics = paired_difference(_right(0.8, 1), _right(0.8, 2), GROUPS, STRATA, replicates=300)
    assert metrics["low"] < 0 < metrics["high"]


def test_swapping_conditions_changes_the_sign() -> None:
    treated, control = _right(0.9, 1), _right(0.7, 2)
    forward, backward = (
        paired_difference(a, b, GROUPS, STRATA, replicates=200) for a, b in ((treated, control), (control, treated))
    )
    assert forward["value"] == -backward["value"]
    assert forward["low"] == pytest.approx(-backward["high"])


def test_scan_missing_from_one_seed_is_excluded() -> None:
    treated, control = _right(0.9, 1), _right(0.7, 2)
    treated[0, :100] = np.nan
    assert paired_difference(treated, control, GROUPS, STRATA, replicates=50)["n"] == 200


def test_weights_count_near_duplicates_once() -> None:
    treated, control = np.zeros((1, 4)), np.zeros((1, 4))
    treated[0, :3] = 1.0
    groups, strata = np.array(["a", "a", "a", "b"], object), np.zeros(4, np.int64)
    weights = np.array([1 / 3, 1 / 3, 1 / 3, 1.0])
    assert paired_difference(treated, control, groups, strata, weights, 50)["value"] == pytest.approx(0.5)


def test_learning_curve_recovers_the_exponent() -> None:
    shares = (0.1, 0.25, 0.5, 1.0)
    correct = []
    for share in shares:
        wrong = round(0.08 * share**-0.5 * len(GROUPS))
        values = np.ones((1, len(GROUPS)))
        values[0, np.random.default_rng(round(share * 100)).permutation(len(GROUPS))[:wrong]] = 0
        correct.append(values)
    metrics = learning_curve(shares, correct, GROUPS, STRATA, replicates=200)
    assert metrics["exponent"]["value"] == pytest.approx(0.5, abs=0.05)
    assert metrics["error@share:1"]["value"] == pytest.approx(0.08, abs=0.01)
    assert metrics["gain@from:0.1"]["low"] > 0
    assert "gain@from:1" not in metrics
    assert metrics["accuracy@share:1"]["value"] == pytest.approx(0.92)


def test_learning_curve_interval_includes_variation_between_seeds() -> None:
    generator, shares = np.random.default_rng(3), (0.25, 0.5, 1.0)
    single_seed = [(generator.random((1, len(GROUPS))) < 0.7 + 0.1 * share).astype(float) for share in shares]
    steady = [np.repeat(values, 3, axis=0) for values in single_seed]
    varying = [np.clip(values + np.array([[-0.2], [0.0], [0.2]]), 0, 1) for values in steady]
    constant_curve, varying_curve = (
        learning_curve(shares, values, GROUPS, STRATA, replicates=200) for values in (steady, varying)
    )
    assert constant_curve["gain@from:0.5"]["seeds"] == 3

    def width(metrics: dict[str, Any]) -> float:
        return float(metrics["gain@from:0.5"]["high"] - metrics["gain@from:0.5"]["low"])

    assert width(varying_curve) > 1.5 * width(constant_curve)


TRUTH = (np.repeat(np.arange(60), 5) % 2 == 0).astype(bool)


def _scores(gap: float, seed: int, seeds: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(seeds, len(GROUPS))) + gap * TRUTH


def test_auc_is_the_mean_over_seeds() -> None:
    scores = _scores(1.0, 1)
    metrics = paired_auc(TRUTH, scores, None, GROUPS, replicates=200)
    areas = [(scores[s][TRUTH][:, None] > scores[s][~TRUTH][None]).mean() for s in range(3)]
    assert metrics["value"] == pytest.approx(np.mean(areas), abs=1e-5)
    assert metrics["low"] < metrics["value"] < metrics["high"]
    assert (metrics["n"], metrics["groups"], metrics["seeds"]) == (300, 60, 3)


def test_better_scores_have_a_larger_auc() -> None:
    better, worse = _scores(2.0, 1), _scores(0.5, 2)
    forward = paired_auc(TRUTH, better, worse, GROUPS, replicates=200)
    backward = paired_auc(TRUTH, worse, better, GROUPS, replicates=200)
    assert 0 < forward["low"] < forward["value"] < forward["high"]
    assert forward["value"] == pytest.approx(-backward["value"])


def test_scan_with_zero_weight_does_not_change_the_auc() -> None:
    scores, weights = _scores(1.0, 1), np.ones(len(TRUTH))
    weights[:50] = 0.0
    noise = scores.copy()
    noise[:, :50] = 9.0
    first, second = (paired_auc(TRUTH, values, None, GROUPS, weights, 20)["value"] for values in (scores, noise))
    assert first == second
