"""Sentences: numbers in, words out, and silence where a number is missing."""

import inspect

import pytest

from braintumor.enums import Verdict
from braintumor.results import summaries
from braintumor.results.metric import Metric, Metrics

ALL = [f for name, f in inspect.getmembers(summaries, inspect.isfunction) if name.endswith("_sentence")]


@pytest.mark.parametrize("sentence", ALL)
def test_without_numbers_nothing_is_said(sentence: object) -> None:
    more = len(inspect.signature(sentence).parameters) - 1  # type: ignore[arg-type]
    assert sentence({}, *[""] * more) == ""  # type: ignore[operator]


def test_a_hundred_scans_are_shared_out() -> None:
    metrics: Metrics = {}
    for kind, shares in (("tumors", (0.9, 0.02, 0.08, 0.0)), ("healthy", (0.01, 0.89, 0.05, 0.05))):
        metrics |= {f"{kind}@verdict:{v}": Metric(s) for v, s in zip(Verdict, shares, strict=True)}
    assert summaries.summarize_verdicts(metrics) == (
        "Of 100 scans with a tumour, it calls 90, clears 2 and leaves 8 to the reader. Of 100 scans without, it calls "
        "1, clears 89 and leaves 5 to the reader; 5 it takes for no brain MRI."
    )


def test_tumours_of_an_origin_left_out_are_shared_out_among_verdicts() -> None:
    metrics: Metrics = {"tumor_sensitivity": Metric(0.97, (0.93, 1.0))}
    metrics |= {f"tumors@verdict:{v}": Metric(s) for v, s in zip(Verdict, (0.6, 0.02, 0.35, 0.03), strict=True)}
    assert summaries.summarize_holdout_source(metrics) == (
        "The likeliest class is a tumour in 97.0% (93.0 to 100.0) of them; 60.0% are called, 2.0% cleared, "
        "35.0% left to the reader, 3.0% refused."
    )


def test_the_weakest_subgroup_is_named_and_weighed() -> None:
    whole = {"accuracy": Metric(0.9, (0.88, 0.92))}
    clear = {"accuracy@plane:axial": Metric(0.7, (0.6, 0.8)), "accuracy@size:small": Metric(0.95)}
    assert "lowest for plane axial: 70.0% (60.0 to 80.0)" in summaries.summarize_subgroups(whole | clear)
    assert "clearly less." in summaries.summarize_subgroups(whole | clear)
    vague = {"accuracy@plane:axial": Metric(0.85, (0.7, 0.95)), "accuracy@size:small": Metric(0.95)}
    assert "not clearly less" in summaries.summarize_subgroups(whole | vague)


def test_a_gain_that_may_be_chance_is_called_so() -> None:
    found = summaries.summarize_explanation_sanity({"deletion_gain": Metric(0.1, (-0.1, 0.3))})
    assert "not clearly better" in found
    assert "not clearly" not in summaries.summarize_explanation_sanity({"deletion_gain": Metric(0.1, (0.05, 0.3))})
    worse = summaries.summarize_explanation_sanity({"deletion_gain": Metric(-0.1, (-0.3, -0.05))})
    assert "is worse than in random order, by 0.10 (0.05 to 0.30) of area" in worse
