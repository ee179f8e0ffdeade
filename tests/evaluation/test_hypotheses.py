"""Hypotheses: what the intervals allow to be said, and nothing more."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from braintumor.evaluation.claims import Finding, Hypothesis, Status
from braintumor.evaluation.hypotheses import (
    TARGET_EFFECT,
    ClassImage,
    commonest_share,
    difference,
    largest_effect,
    weigh_hypotheses,
)
from braintumor.evaluation.measures import Curves, Estimate
from braintumor.evaluation.report import Report
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


def test_all_four_can_be_supported() -> None:
    good, score = Estimate(0.99, (0.985, 0.995), 1000, 100), Estimate(0.96, (0.955, 0.965))
    ours = _report(macro_f1=score, tumor_sensitivity=good, tumor_specificity=good, accuracy=good)
    random, official = (_report(f"v1-{protocol}", macro_f1=good) for protocol in ("random", "official"))
    images: dict[TumorClass, ClassImage] = {c: _image(0.6 if c.is_tumor else 0.3, 0.1, 300) for c in CLASSES}
    found = weigh_hypotheses(ours, random, official, images)
    assert [h.status for h in found] == [Status.SUPPORTED] * 4


def test_nothing_known_leaves_all_open_with_their_commands() -> None:
    found = weigh_hypotheses(_report(), _report("v1-random"), _report("v1-official"), {})
    assert [h.status for h in found] == [Status.UNDECIDED] * 4
    assert [h.commands for h in found] == [("braintumor explore",), *[("braintumor train v1",)] * 3]


def test_a_single_missing_class_is_named() -> None:
    images: dict[TumorClass, ClassImage] = {c: _image(0.5, 0.1) for c in CLASSES if c is not TumorClass.GLIOMA}
    found = weigh_hypotheses(_report(), _report(), _report(), images)[0]
    assert found.conclusion == "Not measured yet: Glioma against no tumour."
