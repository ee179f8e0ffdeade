"""Hypotheses: what the intervals allow to be said, and nothing more."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.enums import CLASSES, TumorClass
from braintumor.results.hypotheses import (
    HYPOTHESES_COMMAND,
    TARGET_EFFECT,
    ClassAverage,
    evaluate_hypotheses,
    max_cohens_d,
    most_frequent_class_share,
    subtract_estimates,
)
from braintumor.results.hypothesis_status import (
    HYPOTHESES_FILE,
    Experiments,
    Hypothesis,
    HypothesisStatus,
    TestResult,
    read_experiments,
)
from braintumor.results.metric import Curves, Metric
from braintumor.results.version import VersionReport
from braintumor.settings import Settings

SHARES = st.tuples(*[st.floats(0, 1)] * 3).map(sorted).map(lambda s: Metric(s[1], (s[0], s[2])))


def _report(version: str = "v1", curves: dict[str, Curves] | None = None, **test: Metric) -> VersionReport:
    evaluation = {"test": dict(test)} if test else {}
    return VersionReport(
        version, Path(), {"version": version} if test else {}, evaluation, curves or {}, pd.DataFrame(), ()
    )


def _image(grey: float, spread: float, groups: int = 60, images: int = 1000) -> ClassAverage:
    return ClassAverage(np.full((8, 8), grey), np.full((8, 8), spread), images, groups)


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
def test_only_a_whole_interval_decides(interval: tuple[float, float] | None, status: HypothesisStatus) -> None:
    assert TestResult("accuracy", Metric(0.945, interval), 0.95).status is status


def test_a_difference_that_touches_zero_decides_nothing() -> None:
    assert TestResult("gap", Metric(0.1, (0.0, 0.2)), 0.0, "points").status is HypothesisStatus.UNDECIDED
    assert TestResult("gap", Metric(0.1, (0.01, 0.2)), 0.0, "points").status is HypothesisStatus.SUPPORTED
    assert TestResult("gap", Metric(-0.1, (-0.2, -0.01)), 0.0, "points").status is HypothesisStatus.NOT_SUPPORTED


@given(st.lists(SHARES | st.none(), min_size=1, max_size=4), st.floats(0, 1))
def test_one_failure_fails_the_claim_and_one_gap_leaves_it_open(found: list[Metric | None], target: float) -> None:
    claim = Hypothesis("x", "?", "", tuple(TestResult("m", e, target, command="do it") for e in found))
    statuses = {finding.status for finding in claim.test_results}
    if HypothesisStatus.NOT_SUPPORTED in statuses:
        assert claim.status is HypothesisStatus.NOT_SUPPORTED
    elif HypothesisStatus.UNDECIDED in statuses:
        assert claim.status is HypothesisStatus.UNDECIDED
    else:
        assert claim.status is HypothesisStatus.SUPPORTED
    assert bool(claim.commands) == (None in found)
    assert claim.conclusion.endswith(".")


def test_a_failure_is_told_before_what_is_not_measured() -> None:
    failed, gap = TestResult("a", Metric(0.1, (0.05, 0.2)), 0.5), TestResult("b", None, 0.5)
    assert Hypothesis("x", "?", "", (failed, gap)).conclusion == "Below the bar with its whole interval: a."
    assert Hypothesis("x", "?", "", (gap,)).conclusion == "Not measured yet: b."


def test_a_number_without_an_interval_decides_nothing_and_says_so() -> None:
    claim = Hypothesis("x", "?", "", (TestResult("a", Metric(0.9), 0.5),))
    assert claim.status is HypothesisStatus.UNDECIDED
    assert claim.conclusion == "Measured without an interval, so that nothing follows: a."


@given(SHARES, SHARES)
def test_a_difference_is_antisymmetric_and_inside_its_interval(a: Metric, b: Metric) -> None:
    there, back = subtract_estimates(a, b), subtract_estimates(b, a)
    assert there.interval is not None
    assert back.interval is not None
    assert there.interval[0] <= there.value <= there.interval[1]
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))


def test_a_difference_widens_as_independent_errors_add() -> None:
    found = subtract_estimates(Metric(0.9, (0.87, 0.93)), Metric(0.8, (0.76, 0.84)))
    assert found.value == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.05, 0.15))


def test_an_effect_is_the_difference_in_standard_deviations() -> None:
    found = max_cohens_d(_image(0.6, 0.1), _image(0.4, 0.1))
    assert found.value == pytest.approx(2.0)
    assert found.interval is not None
    assert found.interval[0] < 2.0 < found.interval[1]
    assert (found.n, found.groups) == (2000, 120)


def test_an_effect_over_more_pixels_is_less_certain() -> None:
    few = max_cohens_d(_image(0.6, 0.1), _image(0.4, 0.1))
    big = [ClassAverage(np.full((64, 64), grey), np.full((64, 64), 0.1), 1000, 60) for grey in (0.6, 0.4)]
    many = max_cohens_d(*big)
    assert few.interval is not None
    assert many.interval is not None
    assert many.interval[0] < few.interval[0]


def test_where_nothing_varies_there_is_no_effect() -> None:
    found = max_cohens_d(_image(0.9, 0.0), _image(0.1, 0.0))
    assert found.value == 0.0
    assert TestResult("x", found, TARGET_EFFECT, "plain").status is HypothesisStatus.NOT_SUPPORTED


def test_groups_count_and_not_images() -> None:
    widths = []
    for groups in (20, 200):
        found = max_cohens_d(_image(0.5, 0.1, groups), _image(0.4, 0.1, groups))
        assert found.interval is not None
        widths.append(found.interval[1] - found.value)
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(10))


def test_the_commonest_class_sets_the_bar_for_accuracy() -> None:
    matrix = ((3, 0, 0, 0), (0, 3, 0, 0), (1, 1, 2, 0), (0, 0, 0, 2))
    assert most_frequent_class_share(_report(curves={"test": Curves(confusion=matrix)})) == pytest.approx(4 / 12)
    assert most_frequent_class_share(_report()) == 1 / len(CLASSES)


def _experiments(value: float, low: float, high: float) -> Experiments:
    """Experiments that all found the same."""
    found = Metric(value, (low, high), 1000, 100)
    names = {
        "visible": ["told"],
        "augmentation": ["accuracy", "outside_sensitivity"],
        "masks": ["pointing_game", "outside_sensitivity"],
        "growth": ["gain@from:0.1", "exponent"],
    }
    facts = {"visible": {"chance": 0.05}, "growth": {"shares": [0.1, 1.0]}}
    return Experiments({part: dict.fromkeys(metrics, found) for part, metrics in names.items()}, facts)


def test_all_six_can_be_supported() -> None:
    good, score = Metric(0.99, (0.985, 0.995), 1000, 100), Metric(0.96, (0.955, 0.965))
    ours = _report(macro_f1=score, tumor_sensitivity=good, tumor_specificity=good, accuracy=good)
    random, official = (_report(f"v1-{protocol}", macro_f1=good) for protocol in ("random", "official"))
    images: dict[TumorClass, ClassAverage] = {c: _image(0.6 if c.is_tumor else 0.3, 0.1, 300) for c in CLASSES}
    found = evaluate_hypotheses(ours, random, official, images, _experiments(0.2, 0.1, 0.3))
    assert [h.status for h in found] == [HypothesisStatus.SUPPORTED] * 6


def test_experiments_that_found_the_opposite_are_not_supported() -> None:
    found = evaluate_hypotheses(_report(), _report(), _report(), {}, _experiments(-0.2, -0.3, -0.1))
    assert {h.key for h in found if h.status is HypothesisStatus.NOT_SUPPORTED} == {
        "differ",
        "augmentation",
        "masks",
        "growth",
    }


def test_nothing_known_leaves_all_open_with_their_commands() -> None:
    found = evaluate_hypotheses(
        _report(), _report("runs/v1/random-seed1"), _report("runs/v1/official-seed1"), {}, Experiments()
    )
    assert [h.status for h in found] == [HypothesisStatus.UNDECIDED] * 6
    commands = {h.key: h.commands for h in found}
    assert commands["differ"] == ("braintumor explore", HYPOTHESES_COMMAND)
    assert commands["classifies"] == commands["leaks"] == ("braintumor train v1",)
    assert commands["augmentation"] == commands["masks"] == commands["growth"] == (HYPOTHESES_COMMAND,)


def test_a_single_missing_class_is_named() -> None:
    images: dict[TumorClass, ClassAverage] = {c: _image(0.5, 0.1) for c in CLASSES if c is not TumorClass.GLIOMA}
    found = evaluate_hypotheses(_report(), _report(), _report(), images, _experiments(0.2, 0.1, 0.3))[0]
    assert found.conclusion == "Not measured yet: Glioma against no tumour."


@pytest.mark.parametrize("content", [None, "", "[]", '{"experiments": 3}', '{"experiments": {"masks": 1}}'])
def test_a_file_that_says_nothing_is_no_experiment(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "experiments").mkdir()
        (tmp_path / HYPOTHESES_FILE).write_text(content, encoding="utf-8")
    found = read_experiments(Settings(outputs=tmp_path))
    assert found.metric("masks", "pointing_game") is None
    assert found.detail("growth", "shares", []) == []


def test_what_was_measured_is_read(tmp_path: Path) -> None:
    entry = {"value": 0.1, "low": 0.05, "high": 0.2, "n": 10, "groups": 5}
    content = {"experiments": {"masks": {"metrics": {"pointing_game": entry}, "facts": {"epochs": 8}}}}
    (tmp_path / "experiments").mkdir()
    (tmp_path / HYPOTHESES_FILE).write_text(json.dumps(content), encoding="utf-8")
    found = read_experiments(Settings(outputs=tmp_path))
    assert found.metric("masks", "pointing_game") == Metric(0.1, (0.05, 0.2), 10, 5)
    assert found.detail("masks", "epochs") == 8
