"""The status of a hypothesis follows from confidence intervals alone."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.results.hypothesis_status import (
    HYPOTHESES_FILE,
    Hypothesis,
    HypothesisResult,
    HypothesisStatus,
    read_experiments,
)
from braintumor.results.metric import Metric
from braintumor.settings import Settings

SHARES = st.tuples(*[st.floats(0, 1)] * 3).map(sorted).map(lambda s: Metric(s[1], (s[0], s[2])))


@pytest.mark.parametrize(
    ("interval", "status"),
    [
        ((0.95, 0.99), HypothesisStatus.SUPPORTED),
        ((0.96, 0.99), HypothesisStatus.SUPPORTED),
        ((0.94, 0.99), HypothesisStatus.UNDECIDED),
        ((0.90, 0.949), HypothesisStatus.NOT_SUPPORTED),
        (None, HypothesisStatus.UNDECIDED),
    ],
)
def test_only_the_whole_interval_decides(interval: tuple[float, float] | None, status: HypothesisStatus) -> None:
    assert HypothesisResult("accuracy", Metric(0.945, interval), 0.95).status is status


def test_difference_whose_interval_touches_zero_is_undecided() -> None:
    assert HypothesisResult("gap", Metric(0.1, (0.0, 0.2)), 0.0, "points").status is HypothesisStatus.UNDECIDED
    assert HypothesisResult("gap", Metric(0.1, (0.01, 0.2)), 0.0, "points").status is HypothesisStatus.SUPPORTED
    assert HypothesisResult("gap", Metric(-0.1, (-0.2, -0.01)), 0.0, "points").status is HypothesisStatus.NOT_SUPPORTED


@given(st.lists(SHARES | st.none(), min_size=1, max_size=4), st.floats(0, 1))
def test_one_failure_rejects_and_one_gap_leaves_undecided(metrics: list[Metric | None], target: float) -> None:
    hypothesis = Hypothesis("x", "?", "", tuple(HypothesisResult("m", m, target, command="do it") for m in metrics))
    statuses = {result.status for result in hypothesis.test_results}
    if HypothesisStatus.NOT_SUPPORTED in statuses:
        assert hypothesis.status is HypothesisStatus.NOT_SUPPORTED
    elif HypothesisStatus.UNDECIDED in statuses:
        assert hypothesis.status is HypothesisStatus.UNDECIDED
    else:
        assert hypothesis.status is HypothesisStatus.SUPPORTED
    assert bool(hypothesis.commands) == (None in metrics)
    assert hypothesis.conclusion.endswith(".")


def test_conclusion_names_failures_before_missing_metrics() -> None:
    failed, gap = HypothesisResult("a", Metric(0.1, (0.05, 0.2)), 0.5), HypothesisResult("b", None, 0.5)
    assert Hypothesis("x", "?", "", (failed, gap)).conclusion == "The whole confidence interval is below the target: a."
    assert Hypothesis("x", "?", "", (gap,)).conclusion == "Not measured yet: b."


def test_metric_without_interval_is_undecided() -> None:
    hypothesis = Hypothesis("x", "?", "", (HypothesisResult("a", Metric(0.9), 0.5),))
    assert hypothesis.status is HypothesisStatus.UNDECIDED
    assert hypothesis.conclusion == "Measured without a confidence interval, so no conclusion is possible: a."


@pytest.mark.parametrize("content", [None, "", "[]", '{"experiments": 3}', '{"experiments": {"masks": 1}}'])
def test_damaged_file_has_no_experiments(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "experiments").mkdir()
        (tmp_path / HYPOTHESES_FILE).write_text(content, encoding="utf-8")
    experiments = read_experiments(Settings(outputs=tmp_path))
    assert experiments.metric("masks", "pointing_game") is None
    assert experiments.detail("growth", "shares", []) == []


def test_experiments_are_read(tmp_path: Path) -> None:
    entry = {"value": 0.1, "low": 0.05, "high": 0.2, "n": 10, "groups": 5}
    content = {"experiments": {"masks": {"metrics": {"pointing_game": entry}, "facts": {"epochs": 8}}}}
    (tmp_path / "experiments").mkdir()
    (tmp_path / HYPOTHESES_FILE).write_text(json.dumps(content), encoding="utf-8")
    experiments = read_experiments(Settings(outputs=tmp_path))
    assert experiments.metric("masks", "pointing_game") == Metric(0.1, (0.05, 0.2), 10, 5)
    assert experiments.detail("masks", "epochs") == 8
