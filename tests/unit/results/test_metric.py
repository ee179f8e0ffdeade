"""Metrics are formatted with their interval, and parsed from any content."""

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


def test_share_is_formatted_with_its_interval() -> None:
    assert Metric(0.934, (0.91, 0.952)).percent() == "93.4% (91.0 to 95.2)"
    assert Metric(1.0).percent() == "100.0%"


def test_number_is_formatted_with_its_interval() -> None:
    assert Metric(0.42, (0.35, 0.5)).plain() == "0.42 (0.35 to 0.50)"
    assert Metric(-0.004, (-0.31, 0.02)).plain() == "0.00 (\N{MINUS SIGN}0.31 to 0.02)"


def test_difference_is_formatted_in_points_with_its_sign() -> None:
    assert Metric(0.031, (-0.004, 0.058)).points() == "+3.1 points (\N{MINUS SIGN}0.4 to +5.8)"


def test_description_has_interval_and_sample_size() -> None:
    assert Metric(0.925, (0.869, 0.964), 1404, 129).describe() == (
        "92.5% (95% CI 86.9 to 96.4; 1,404 images, 129 patient groups)"
    )
    assert (
        Metric(0.96, (0.94, 0.97), 1, 1).describe("plain", "cluster")
        == "0.96 (95% CI 0.94 to 0.97; 1 image, 1 cluster)"
    )
    assert Metric(0.5, n=20).describe() == "50.0% (20 images)"
    assert Metric(0.02, (-0.01, 0.05)).describe("points") == "+2.0 points (95% CI \N{MINUS SIGN}1.0 to +5.0)"
    assert Metric(0.5).describe() == "50.0%"


@pytest.mark.parametrize("entry", [None, 3, {}, {"value": None}, {"value": "much"}, {"value": float("nan")}])
def test_entry_without_a_value_is_left_out(entry: object) -> None:
    assert parse_metrics({"accuracy": entry, "loss": {"value": 0.5}}) == {"loss": Metric(0.5)}


@pytest.mark.parametrize("bounds", [{}, {"low": 0.1}, {"low": 0.9, "high": 0.1}, {"low": None, "high": 0.9}])
def test_incomplete_interval_is_none(bounds: dict[str, float]) -> None:
    assert parse_metrics({"accuracy": {"value": 0.5, **bounds}})["accuracy"].interval is None


def test_confusion_matrix_of_another_size_is_left_out() -> None:
    assert parse_curves({"confusion": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}).confusion == ()
    assert parse_curves({"confusion": [[1, 2], [3]]}).confusion == ()


def test_curves_of_unequal_length_are_left_out() -> None:
    curves = parse_curves({"roc": {"tumor": {"fpr": [0, 1], "tpr": [0]}, "glioma": {"fpr": [0, 1], "tpr": [0, 1]}}})
    assert curves.roc == {"glioma": ((0.0, 1.0), (0.0, 1.0))}


def test_empty_bins_of_a_reliability_diagram_are_left_out() -> None:
    bins = {"confidence": [0.1, 0.9], "accuracy": [0.2, 0.8], "count": [0, 5]}
    assert parse_curves({"reliability": bins}).reliability["count"].tolist() == [5]


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, JSON, max_size=4) | JSON, max_size=5))
def test_any_content_can_be_parsed(content: dict[str, object]) -> None:
    for metric in parse_metrics(content).values():
        assert metric.interval is None or metric.interval[0] <= metric.interval[1]
    parse_curves(content)


@pytest.mark.parametrize(("value", "interval"), [(0.0, (0.0, 0.1951)), (1.0, (0.8049, 1.0))])
def test_share_of_none_or_all_has_an_exact_interval_over_groups(value: float, interval: tuple[float, float]) -> None:
    entry = {"value": value, "low": value, "high": value, "n": 101, "groups": 17}
    metrics = parse_metrics({"false_alarms@plane:coronal": entry, "roc_auc": entry, "lost/accuracy": entry})
    assert metrics["false_alarms@plane:coronal"].interval == pytest.approx(interval, abs=1e-4)
    assert metrics["roc_auc"].interval == metrics["lost/accuracy"].interval == (value, value)
