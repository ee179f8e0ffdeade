"""Estimates in words, and measures parsed from whatever a file holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.results.metric import Metric, parse_curves, parse_metrics

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["confusion", "roc", "pr", "reliability", "value", "low", "high", "n", "groups", "tumor"])


def test_a_share_is_said_with_its_interval() -> None:
    assert Metric(0.934, (0.91, 0.952)).percent() == "93.4% (91.0 to 95.2)"
    assert Metric(1.0).percent() == "100.0%"


def test_a_number_is_said_with_its_interval() -> None:
    assert Metric(0.42, (0.35, 0.5)).plain() == "0.42 (0.35 to 0.50)"
    assert Metric(-0.004, (-0.31, 0.02)).plain() == "0.00 (\N{MINUS SIGN}0.31 to 0.02)"


def test_a_difference_is_said_in_points_with_its_sign() -> None:
    assert Metric(0.031, (-0.004, 0.058)).points() == "+3.1 points (\N{MINUS SIGN}0.4 to +5.8)"


@pytest.mark.parametrize("entry", [None, 3, {}, {"value": None}, {"value": "much"}, {"value": float("nan")}])
def test_an_entry_without_a_value_is_left_out(entry: object) -> None:
    assert parse_metrics({"accuracy": entry, "loss": {"value": 0.5}}) == {"loss": Metric(0.5)}


@pytest.mark.parametrize("bounds", [{}, {"low": 0.1}, {"low": 0.9, "high": 0.1}, {"low": None, "high": 0.9}])
def test_half_an_interval_is_none(bounds: dict[str, float]) -> None:
    assert parse_metrics({"accuracy": {"value": 0.5, **bounds}})["accuracy"].interval is None


def test_a_matrix_of_another_size_is_left_out() -> None:
    assert parse_curves({"confusion": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}).confusion == ()
    assert parse_curves({"confusion": [[1, 2], [3]]}).confusion == ()


def test_curves_of_unequal_length_are_left_out() -> None:
    found = parse_curves({"roc": {"tumor": {"fpr": [0, 1], "tpr": [0]}, "glioma": {"fpr": [0, 1], "tpr": [0, 1]}}})
    assert found.roc == {"glioma": ((0.0, 1.0), (0.0, 1.0))}


def test_empty_bins_of_a_reliability_diagram_are_left_out() -> None:
    bins = {"confidence": [0.1, 0.9], "accuracy": [0.2, 0.8], "count": [0, 5]}
    assert parse_curves({"reliability": bins}).reliability["count"].tolist() == [5]


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, JSON, max_size=4) | JSON, max_size=5))
def test_no_content_breaks_the_reading(content: dict[str, object]) -> None:
    for estimate in parse_metrics(content).values():
        assert estimate.interval is None or estimate.interval[0] <= estimate.interval[1]
    parse_curves(content)
