"""Entries: means by weight, intervals around them, and what they were measured on."""

import numpy as np
import pytest

from braintumor.evaluation.metrics.bootstrap import by_subgroup, mean_with_ci, subgroup_masks, to_json_number

GROUPS = np.repeat(np.arange(10), 4).astype(str).astype(object)
STRATA = np.repeat([0, 1], 20)


def test_a_mean_counts_only_the_scans_that_have_a_value() -> None:
    values = np.where(STRATA == 0, 1.0, np.nan)
    values[:5] = 0.0
    found = mean_with_ci({"x": values}, GROUPS, STRATA, 50)["x"]
    assert found["value"] == pytest.approx(0.75)
    assert (found["n"], found["groups"]) == (20, 5)
    assert found["low"] <= 0.75 <= found["high"]


def test_a_column_without_a_value_is_left_out() -> None:
    assert mean_with_ci({"x": np.full(40, np.nan)}, GROUPS, STRATA, 5) == {}


def test_weights_count_like_repetitions() -> None:
    values = np.arange(40.0)
    weights = np.where(STRATA == 0, 1.0, 3.0)
    found = mean_with_ci({"x": values}, GROUPS, STRATA, 5, weights)["x"]["value"]
    assert found == pytest.approx(np.repeat(values, weights.astype(int)).mean())


def test_slices_are_named_by_what_they_tell_apart() -> None:
    planes = np.array(["axial", "coronal", "axial"], object)
    found = by_subgroup({"dice": np.array([0.1, 0.2, 0.3])}, subgroup_masks("plane", planes, ["axial", "coronal"]))
    assert list(found) == ["dice@plane:axial", "dice@plane:coronal"]
    assert np.nanmean(found["dice@plane:axial"]) == pytest.approx(0.2)


def test_what_is_undefined_is_null() -> None:
    assert to_json_number(float("nan")) is None
    assert to_json_number(1 / 3) == 0.333333
