"""Paired comparison: what is better is found better, noise is not, and the law that was put in comes out."""

from typing import Any

import numpy as np
import pytest

from braintumor.evaluation.metrics.paired import learning_curve, paired_auc, paired_difference

GROUPS = np.repeat(np.arange(60), 5).astype(str).astype(object)
STRATA = (np.repeat(np.arange(60), 5) % 4).astype(np.int64)


def _right(rate: float, seed: int, seeds: int = 3) -> np.ndarray:
    return (np.random.default_rng(seed).random((seeds, len(GROUPS))) < rate).astype(float)


def test_a_better_way_has_its_whole_interval_above_zero() -> None:
    found = paired_difference(_right(0.9, 1), _right(0.7, 2), GROUPS, STRATA, replicates=300)
    assert 0 < found["low"] < found["value"] < found["high"]
    assert found["value"] == pytest.approx(0.2, abs=0.06)
    assert (found["n"], found["groups"], found["seeds"]) == (300, 60, 3)


def test_the_same_way_with_other_seeds_is_not_better() -> None:
    found = paired_difference(_right(0.8, 1), _right(0.8, 2), GROUPS, STRATA, replicates=300)
    assert found["low"] < 0 < found["high"]


def test_changing_sides_changes_the_sign() -> None:
    ours, theirs = _right(0.9, 1), _right(0.7, 2)
    there, back = (paired_difference(a, b, GROUPS, STRATA, replicates=200) for a, b in ((ours, theirs), (theirs, ours)))
    assert there["value"] == -back["value"]
    assert there["low"] == pytest.approx(-back["high"])


def test_a_scan_that_any_seed_leaves_out_does_not_count() -> None:
    ours, theirs = _right(0.9, 1), _right(0.7, 2)
    ours[0, :100] = np.nan
    assert paired_difference(ours, theirs, GROUPS, STRATA, replicates=50)["n"] == 200


def test_a_copied_scan_counts_once_where_weights_say_so() -> None:
    ours, theirs = np.zeros((1, 4)), np.zeros((1, 4))
    ours[0, :3] = 1.0
    groups, strata = np.array(["a", "a", "a", "b"], object), np.zeros(4, np.int64)
    once = np.array([1 / 3, 1 / 3, 1 / 3, 1.0])
    assert paired_difference(ours, theirs, groups, strata, once, 50)["value"] == pytest.approx(0.5)


def test_the_exponent_that_errors_fall_by_is_found_again() -> None:
    shares = (0.1, 0.25, 0.5, 1.0)
    right = []
    for share in shares:
        wrong = round(0.08 * share**-0.5 * len(GROUPS))
        values = np.ones((1, len(GROUPS)))
        values[0, np.random.default_rng(round(share * 100)).permutation(len(GROUPS))[:wrong]] = 0
        right.append(values)
    found = learning_curve(shares, right, GROUPS, STRATA, replicates=200)
    assert found["exponent"]["value"] == pytest.approx(0.5, abs=0.05)
    assert found["error@share:1"]["value"] == pytest.approx(0.08, abs=0.01)
    assert found["gain@from:0.1"]["low"] > 0
    assert "gain@from:1" not in found
    assert found["accuracy@share:1"]["value"] == pytest.approx(0.92)


def test_growth_is_as_unsure_as_its_seeds_are() -> None:
    generator, shares = np.random.default_rng(3), (0.25, 0.5, 1.0)
    known = [(generator.random((1, len(GROUPS))) < 0.7 + 0.1 * share).astype(float) for share in shares]
    steady = [np.repeat(values, 3, axis=0) for values in known]
    restless = [np.clip(values + np.array([[-0.2], [0.0], [0.2]]), 0, 1) for values in steady]
    calm, unsure = (learning_curve(shares, right, GROUPS, STRATA, replicates=200) for right in (steady, restless))
    assert calm["gain@from:0.5"]["seeds"] == 3

    def width(found: dict[str, Any]) -> float:
        return float(found["gain@from:0.5"]["high"] - found["gain@from:0.5"]["low"])

    assert width(unsure) > 1.5 * width(calm)


TRUTH = (np.repeat(np.arange(60), 5) % 2 == 0).astype(bool)


def _scores(gap: float, seed: int, seeds: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(seeds, len(GROUPS))) + gap * TRUTH


def test_an_area_is_that_of_the_seeds_on_average_and_lies_in_its_interval() -> None:
    scores = _scores(1.0, 1)
    found = paired_auc(TRUTH, scores, None, GROUPS, replicates=200)
    own = [(scores[s][TRUTH][:, None] > scores[s][~TRUTH][None]).mean() for s in range(3)]
    assert found["value"] == pytest.approx(np.mean(own), abs=1e-5)
    assert found["low"] < found["value"] < found["high"]
    assert (found["n"], found["groups"], found["seeds"]) == (300, 60, 3)


def test_scores_that_tell_more_have_the_greater_area_and_changing_sides_changes_the_sign() -> None:
    better, worse = _scores(2.0, 1), _scores(0.5, 2)
    there = paired_auc(TRUTH, better, worse, GROUPS, replicates=200)
    back = paired_auc(TRUTH, worse, better, GROUPS, replicates=200)
    assert 0 < there["low"] < there["value"] < there["high"]
    assert there["value"] == pytest.approx(-back["value"])


def test_a_scan_that_counts_nothing_changes_no_area() -> None:
    scores, once = _scores(1.0, 1), np.ones(len(TRUTH))
    once[:50] = 0.0
    noise = scores.copy()
    noise[:, :50] = 9.0
    first, second = (paired_auc(TRUTH, one, None, GROUPS, once, 20)["value"] for one in (scores, noise))
    assert first == second
