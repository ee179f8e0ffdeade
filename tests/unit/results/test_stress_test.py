"""Stress tests are parsed from any content, and marked as outdated if the model has changed."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from braintumor.results.stress_test import is_current, parse_checks

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["metrics", "curves", "facts", "skipped", "model"])


@given(st.dictionaries(st.text(max_size=5), st.dictionaries(KEYS, JSON, max_size=5) | JSON, max_size=4))
def test_any_content_can_be_parsed(content: dict[str, Any]) -> None:
    for check in parse_checks(content, "model").values():
        assert isinstance(check.is_measured, bool)


def test_check_of_another_model_is_outdated() -> None:
    checks = parse_checks({"a": {"model": "now"}, "b": {"model": "before"}}, "now")
    assert not checks["a"].is_outdated
    assert checks["b"].is_outdated


def test_subgroup_values_keep_their_order() -> None:
    names = ("rejected@kind:x", "uncertain@kind:x", "rejected@kind:a", "roc_auc@source:b@from:c")
    check = parse_checks({"s": {"metrics": {name: {"value": 1} for name in names}}}, "")["s"]
    assert check.subgroup_values("kind") == ["x", "a"]
    assert check.subgroup_values("source") == ["b"]


def test_only_checks_of_this_model_are_current() -> None:
    assert is_current({"model": "now", "metrics": {}}, "now")
    assert not is_current({"model": "before"}, "now")
    assert not is_current({"model": "now", "skipped": "No pictures."}, "now")
    assert not is_current(None, "now")
