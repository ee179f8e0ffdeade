"""Summaries are computed from metrics, and empty if a metric is missing."""

import inspect
from collections.abc import Callable

import pytest

from braintumor.enums import Verdict
from braintumor.results import summaries
from braintumor.results.metric import Metric, Metrics

ALL = [f for name, f in inspect.getmembers(summaries, inspect.isfunction) if name.startswith("summarize_")]
# Of versions that do not recognize slices outside the brain.
FOUR_VERDICTS = [verdict for verdict in Verdict if verdict is not Verdict.OUTSIDE_FIELD]


@pytest.mark.parametrize("summarize", ALL)
def test_summary_without_metrics_is_empty(summarize: Callable[..., str]) -> None:
    parameters = inspect.signature(summarize).parameters.values()
    missing: list[object] = [{} if each.annotation == Metrics else "" for each in parameters]
    assert summarize(*missing) == ""


def test_verdicts_are_summarized_for_100_scans() -> None:
    metrics: Metrics = {}
    for kind, shares in (("tumors", (0.9, 0.02, 0.08, 0.0)), ("tumor_free", (0.01, 0.89, 0.05, 0.05))):
        metrics |= {f"{kind}@verdict:{v}": Metric(s) for v, s in zip(FOUR_VERDICTS, shares, strict=True)}
    assert summaries.summarize_verdicts(metrics) == (
        "Verdicts per 100 tumour scans: tumour suspected 90, no tumour found 2, uncertain 8. Verdicts per 100 "
        "tumour-free scans: tumour suspected 1, no tumour found 89, uncertain 5, not a brain MRI 5."
    )


def test_slices_outside_the_field_are_summarized_if_there_are_any() -> None:
    metrics = {f"{kind}@verdict:{v}": Metric(0.2) for kind in ("tumors", "tumor_free") for v in Verdict}
    assert "not a brain MRI 20, outside the model's field 20" in summaries.summarize_verdicts(metrics)


def test_verdicts_on_a_holdout_source_are_summarized() -> None:
    metrics: Metrics = {"tumor_sensitivity": Metric(0.97, (0.93, 1.0))}
    metrics |= {f"tumors@verdict:{v}": Metric(s) for v, s in zip(FOUR_VERDICTS, (0.6, 0.02, 0.35, 0.03), strict=True)}
    assert summaries.summarize_holdout_source(metrics) == (
        "For 97.0% (95% CI 93.0 to 100.0) of these tumours, the most likely class is a tumour. Verdicts: Tumour "
        "suspected 60.0%, No tumour found 2.0%, Uncertain 35.0%, Not a brain MRI 3.0%."
    )


def test_lowest_subgroup_is_named_with_its_significance() -> None:
    overall = {"accuracy": Metric(0.9, (0.88, 0.92))}
    significant = {"accuracy@plane:axial": Metric(0.7, (0.6, 0.8)), "accuracy@size:small": Metric(0.95)}
    assert "lowest for plane axial: 70.0% (95% CI 60.0 to 80.0)" in summaries.summarize_subgroups(overall | significant)
    assert "This is below the overall accuracy." in summaries.summarize_subgroups(overall | significant)
    uncertain = {"accuracy@plane:axial": Metric(0.85, (0.7, 0.95)), "accuracy@size:small": Metric(0.95)}
    assert "not significantly below" in summaries.summarize_subgroups(overall | uncertain)


def test_gain_is_not_significant_if_its_interval_includes_zero() -> None:
    summary = summaries.summarize_explanation_sanity({"deletion_gain": Metric(0.1, (-0.1, 0.3))})
    assert "not significantly better" in summary
    assert "not significantly" not in summaries.summarize_explanation_sanity(
        {"deletion_gain": Metric(0.1, (0.05, 0.3))}
    )
    worse = summaries.summarize_explanation_sanity({"deletion_gain": Metric(-0.1, (-0.3, -0.05))})
    assert "is worse than in random order: difference in area under the curve 0.10 (95% CI 0.05 to 0.30)" in worse
