"""Means with intervals, weights and sample sizes."""

import numpy as np
import pytest

from braintumor.evaluation.metrics.bootstrap import by_subgroup, mean_with_ci, subgroup_masks, to_json_number

GROUPS = np.repeat(np.arange(10), 4).astype(str).astype(object)
STRATA = np.repeat([0, 1], 20)


def test_mean_ignores_scans_without_a_value() -> None:
    values = np.where(STRATA == 0, 1.0, np.nan)
    values[:5] = 0.0
    result = mean_with_ci({"x": values}, GROUPS, STRATA, 50)["x"]
    assert result["value"] == pytest.approx(0.75)
    assert (result["n"], result["groups"]) == (20, 5)
    assert result["low"] <= 0.75 <= result["high"]


def test_column_without_values_is_omitted() -> None:
    assert mean_with_ci({"x": np.full(40, np.nan)}, GROUPS, STRATA, 5) == {}


def test_weights_act_as_repetitions() -> None:
    values = np.arange(40.0)
    weights = np.where(STRATA == 0, 1.0, 3.0)
    result = mean_with_ci({"x": values}, GROUPS, STRATA, 5, weights)["x"]["value"]
    assert result == pytest.approx(np.repeat(values, weights.astype(int)).mean())


def test_subgroups_are_named_by_attribute_and_value() -> None:
    planes = np.array(["axial", "coronal", "axial"], object)
    result = by_subgroup({"dice": np.array([0.1, 0.2, 0.3])}, subgroup_masks("plane", planes, ["axial", "coronal"]))
    assert list(result) == ["dice@plane:axial", "dice@plane:coronal"]
    assert np.nanmean(result["dice@plane:axial"]) == pytest.approx(0.2)


def test_undefined_number_is_null() -> None:
    assert to_json_number(float("nan")) is None
    assert to_json_number(1 / 3) == 0.333333
