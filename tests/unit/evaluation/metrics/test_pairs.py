"""All pairs of models are compared, with Holm's correction."""

import numpy as np
import pytest

from braintumor.evaluation.metrics.paired import adjust_holm, compare_pairs, paired_difference

GROUPS = np.repeat(np.arange(80), 5).astype(str).astype(object)
STRATA = (np.repeat(np.arange(80), 5) % 4).astype(np.int64)


def _right(rate: float, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).random(len(GROUPS)) < rate).astype(float)


def test_better_model_comes_first_and_the_difference_is_significant() -> None:
    (pair,) = compare_pairs({"weak": _right(0.7, 1), "strong": _right(0.9, 2)}, GROUPS, STRATA, 500)
    assert (pair["a"], pair["b"]) == ("strong", "weak")
    assert 0 < pair["low"] < pair["value"] < pair["high"]
    assert pair["real"]
    assert pair["holds"]
    assert (pair["n"], pair["groups"]) == (400, 80)


def test_equal_models_do_not_differ() -> None:
    same = _right(0.8, 1)
    (pair,) = compare_pairs({"one": same, "two": same}, GROUPS, STRATA, 200)
    assert (pair["value"], pair["low"], pair["high"], pair["p"]) == (0, 0, 0, 1)
    assert not pair["real"]
    assert not pair["holds"]


def test_interval_equals_that_of_paired_difference() -> None:
    first, second = _right(0.85, 3), _right(0.8, 4)
    (pair,) = compare_pairs({"a": first, "b": second}, GROUPS, STRATA, 300)
    expected = paired_difference(first[None], second[None], GROUPS, STRATA, replicates=300)
    assert {k: pair[k] for k in ("value", "low", "high")} == pytest.approx(
        {k: expected[k] for k in ("value", "low", "high")}
    )


def test_all_pairs_are_compared() -> None:
    pairs = compare_pairs({name: _right(0.8, i) for i, name in enumerate("abcd")}, GROUPS, STRATA, 50)
    assert len(pairs) == 6
    assert all(pair["value"] >= 0 for pair in pairs)


def test_single_model_has_no_pairs() -> None:
    assert compare_pairs({"a": _right(0.8, 1)}, GROUPS, STRATA) == []


def test_holm_correction_is_monotonic() -> None:
    assert adjust_holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert adjust_holm([0.9, 0.8]) == [1.0, 1.0]
