"""Hypotheses: what the intervals allow to be said, and nothing more."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.evaluation.claims import Finding, Hypothesis, Status
from braintumor.evaluation.effects import ClassImage, difference, largest_effect
from braintumor.evaluation.experiments_file import FILE, Experiments, read_experiments
from braintumor.evaluation.hypotheses import COMMAND, TARGET_EFFECT, commonest_share, weigh_hypotheses
from braintumor.evaluation.measures import Curves, Estimate
from braintumor.evaluation.report import Report
from braintumor.settings import Settings
from braintumor.vocabulary import CLASSES, TumorClass

SHARES = st.tuples(*[st.floats(0, 1)] * 3).map(sorted).map(lambda s: Estimate(s[1], (s[0], s[2])))


def _report(version: str = "v1", curves: dict[str, Curves] | None = None, **test: Estimate) -> Report:
    evaluation = {"test": dict(test)} if test else {}
    return Report(version, Path(), {"version": version} if test else {}, evaluation, curves or {}, pd.DataFrame(), ())


def _image(grey: float, spread: float, groups: int = 60, images: int = 1000) -> ClassImage:
    return ClassImage(np.full((8, 8), grey), np.full((8, 8), spread), images, groups)


@pytest.mark.parametrize(
    ("interval", "status"),
    [
        ((0.95, 0.99), Status.SUPPORTED),
        ((0.96, 0.99), Status.SUPPORTED),
        ((0.94, 0.99), Status.UNDECIDED),
        ((0.90, 0.949), Status.NOT_SUPPORTED),
        (None, Status.UNDECIDED),
    ],
)
def test_only_a_whole_interval_decides(interval: tuple[float, float] | None, status: Status) -> None:
    assert Finding("accuracy", Estimate(0.945, interval), 0.95).status is status


def test_a_difference_that_touches_zero_decides_nothing() -> None:
    assert Finding("gap", Estimate(0.1, (0.0, 0.2)), 0.0, "points").status is Status.UNDECIDED
    assert Finding("gap", Estimate(0.1, (0.01, 0.2)), 0.0, "points").status is Status.SUPPORTED
    assert Finding("gap", Estimate(-0.1, (-0.2, -0.01)), 0.0, "points").status is Status.NOT_SUPPORTED


@given(st.lists(SHARES | st.none(), min_size=1, max_size=4), st.floats(0, 1))
def test_one_failure_fails_the_claim_and_one_gap_leaves_it_open(found: list[Estimate | None], target: float) -> None:
    claim = Hypothesis("x", "?", "", tuple(Finding("m", e, target, command="do it") for e in found))
    statuses = {finding.status for finding in claim.findings}
    if Status.NOT_SUPPORTED in statuses:
        assert claim.status is Status.NOT_SUPPORTED
    elif Status.UNDECIDED in statuses:
        assert claim.status is Status.UNDECIDED
    else:
        assert claim.status is Status.SUPPORTED
    assert bool(claim.commands) == (None in found)
    assert claim.conclusion.endswith(".")


def test_a_failure_is_told_before_what_is_not_measured() -> None:
    failed, gap = Finding("a", Estimate(0.1, (0.05, 0.2)), 0.5), Finding("b", None, 0.5)
    assert Hypothesis("x", "?", "", (failed, gap)).conclusion == "Below the bar with its whole interval: a."
    assert Hypothesis("x", "?", "", (gap,)).conclusion == "Not measured yet: b."


def test_a_number_without_an_interval_decides_nothing_and_says_so() -> None:
    claim = Hypothesis("x", "?", "", (Finding("a", Estimate(0.9), 0.5),))
    assert claim.status is Status.UNDECIDED
    assert claim.conclusion == "Measured without an interval, so that nothing follows: a."


@given(SHARES, SHARES)
def test_a_difference_is_antisymmetric_and_inside_its_interval(a: Estimate, b: Estimate) -> None:
    there, back = difference(a, b), difference(b, a)
    assert there.interval is not None
    assert back.interval is not None
    assert there.interval[0] <= there.value <= there.interval[1]
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))


def test_a_difference_widens_as_independent_errors_add() -> None:
    found = difference(Estimate(0.9, (0.87, 0.93)), Estimate(0.8, (0.76, 0.84)))
    assert found.value == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.05, 0.15))


def test_an_effect_is_the_difference_in_standard_deviations() -> None:
    found = largest_effect(_image(0.6, 0.1), _image(0.4, 0.1))
    assert found.value == pytest.approx(2.0)
    assert found.interval is not None
    assert found.interval[0] < 2.0 < found.interval[1]
    assert (found.n, found.groups) == (2000, 120)


def test_an_effect_over_more_pixels_is_less_certain() -> None:
    few = largest_effect(_image(0.6, 0.1), _image(0.4, 0.1))
    big = [ClassImage(np.full((64, 64), grey), np.full((64, 64), 0.1), 1000, 60) for grey in (0.6, 0.4)]
    many = largest_effect(*big)
    assert few.interval is not None
    assert many.interval is not None
    assert many.interval[0] < few.interval[0]


def test_where_nothing_varies_there_is_no_effect() -> None:
    found = largest_effect(_image(0.9, 0.0), _image(0.1, 0.0))
    assert found.value == 0.0
    assert Finding("x", found, TARGET_EFFECT, "plain").status is Status.NOT_SUPPORTED


def test_groups_count_and_not_images() -> None:
    widths = []
    for groups in (20, 200):
        found = largest_effect(_image(0.5, 0.1, groups), _image(0.4, 0.1, groups))
        assert found.interval is not None
        widths.append(found.interval[1] - found.value)
    assert widths[0] / widths[1] == pytest.approx(math.sqrt(10))


def test_the_commonest_class_sets_the_bar_for_accuracy() -> None:
    matrix = ((3, 0, 0, 0), (0, 3, 0, 0), (1, 1, 2, 0), (0, 0, 0, 2))
    assert commonest_share(_report(curves={"test": Curves(confusion=matrix)})) == pytest.approx(4 / 12)
    assert commonest_share(_report()) == 1 / len(CLASSES)


def _experiments(value: float, low: float, high: float) -> Experiments:
    """Experiments that all found the same."""
    found = Estimate(value, (low, high), 1000, 100)
    names = {
        "visible": ["told"],
        "augmentation": ["accuracy", "outside_sensitivity"],
        "masks": ["pointing_game", "outside_sensitivity"],
        "growth": ["gain@from:0.1", "exponent"],
    }
    facts = {"visible": {"chance": 0.05}, "growth": {"shares": [0.1, 1.0]}}
    return Experiments({part: dict.fromkeys(metrics, found) for part, metrics in names.items()}, facts)


def test_all_six_can_be_supported() -> None:
    good, score = Estimate(0.99, (0.985, 0.995), 1000, 100), Estimate(0.96, (0.955, 0.965))
    ours = _report(macro_f1=score, tumor_sensitivity=good, tumor_specificity=good, accuracy=good)
    random, official = (_report(f"v1-{protocol}", macro_f1=good) for protocol in ("random", "official"))
    images: dict[TumorClass, ClassImage] = {c: _image(0.6 if c.is_tumor else 0.3, 0.1, 300) for c in CLASSES}
    found = weigh_hypotheses(ours, random, official, images, _experiments(0.2, 0.1, 0.3))
    assert [h.status for h in found] == [Status.SUPPORTED] * 6


def test_experiments_that_found_the_opposite_are_not_supported() -> None:
    found = weigh_hypotheses(_report(), _report(), _report(), {}, _experiments(-0.2, -0.3, -0.1))
    assert {h.key for h in found if h.status is Status.NOT_SUPPORTED} == {"differ", "augmentation", "masks", "growth"}


def test_nothing_known_leaves_all_open_with_their_commands() -> None:
    found = weigh_hypotheses(_report(), _report("v1-random"), _report("v1-official"), {}, Experiments())
    assert [h.status for h in found] == [Status.UNDECIDED] * 6
    commands = {h.key: h.commands for h in found}
    assert commands["differ"] == ("braintumor explore", COMMAND)
    assert commands["classifies"] == commands["leaks"] == ("braintumor train v1",)
    assert commands["augmentation"] == commands["masks"] == commands["growth"] == (COMMAND,)


def test_a_single_missing_class_is_named() -> None:
    images: dict[TumorClass, ClassImage] = {c: _image(0.5, 0.1) for c in CLASSES if c is not TumorClass.GLIOMA}
    found = weigh_hypotheses(_report(), _report(), _report(), images, _experiments(0.2, 0.1, 0.3))[0]
    assert found.conclusion == "Not measured yet: Glioma against no tumour."


@pytest.mark.parametrize("content", [None, "", "[]", '{"experiments": 3}', '{"experiments": {"masks": 1}}'])
def test_a_file_that_says_nothing_is_no_experiment(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content, encoding="utf-8")
    found = read_experiments(Settings(outputs=tmp_path))
    assert found.metric("masks", "pointing_game") is None
    assert found.fact("growth", "shares", []) == []


def test_what_was_measured_is_read(tmp_path: Path) -> None:
    entry = {"value": 0.1, "low": 0.05, "high": 0.2, "n": 10, "groups": 5}
    content = {"experiments": {"masks": {"metrics": {"pointing_game": entry}, "facts": {"epochs": 8}}}}
    (tmp_path / FILE).write_text(json.dumps(content), encoding="utf-8")
    found = read_experiments(Settings(outputs=tmp_path))
    assert found.metric("masks", "pointing_game") == Estimate(0.1, (0.05, 0.2), 10, 5)
    assert found.fact("masks", "epochs") == 8
