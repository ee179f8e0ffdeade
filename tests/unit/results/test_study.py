"""Stages: parsed whatever they hold, marked where they are of another model."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from braintumor.results.study import is_current, model_fingerprint, parse_checks

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PARTS = st.sampled_from(["metrics", "curves", "facts", "skipped", "model"])


@given(st.dictionaries(st.text(max_size=5), st.dictionaries(PARTS, JSON, max_size=5) | JSON, max_size=4))
def test_no_content_breaks_the_reading(content: dict[str, Any]) -> None:
    for stage in parse_checks(content, "model").values():
        assert isinstance(stage.is_measured, bool)


def test_a_stage_of_another_model_is_stale() -> None:
    found = parse_checks({"a": {"model": "now"}, "b": {"model": "before"}}, "now")
    assert not found["a"].is_outdated
    assert found["b"].is_outdated


def test_kinds_keep_their_order() -> None:
    names = ("refused@kind:x", "odd@kind:x", "refused@kind:a", "roc_auc@tell:b@from:c")
    stage = parse_checks({"s": {"metrics": {name: {"value": 1} for name in names}}}, "")["s"]
    assert stage.subgroup_values("kind") == ["x", "a"]
    assert stage.subgroup_values("tell") == ["b"]


def test_new_thresholds_make_another_identity() -> None:
    card = {"files": {"model.onnx": "a"}, "thresholds": {"low": 0.1, "high": 0.2}}
    assert model_fingerprint(card) == model_fingerprint(card | {"created": "later"})
    assert model_fingerprint(card) != model_fingerprint(card | {"thresholds": {"low": 0.1, "high": 0.3}})
    assert model_fingerprint(card) != model_fingerprint(card | {"files": {"model.onnx": "b"}})
    assert model_fingerprint({"files": 3})


def test_only_what_was_measured_on_this_model_is_kept() -> None:
    assert is_current({"model": "now", "metrics": {}}, "now")
    assert not is_current({"model": "before"}, "now")
    assert not is_current({"model": "now", "skipped": "No pictures."}, "now")
    assert not is_current(None, "now")
