"""Verdicts on whole studies of patients that a version did not learn from: the stress test `studies`."""

from typing import Final

from braintumor.results.metric import Metric
from braintumor.results.other_sources import Rows, source_title
from braintumor.results.stress_test import StressTestResult
from braintumor.text import pluralize

_TITLES: Final = {
    "tumors_suspected": "Tumour: suspected",
    "tumors_ruled_out": "Tumour: no tumour found",
    "tumor_free_suspected": "No tumour: suspected",
    "tumor_free_ruled_out": "No tumour: no tumour found",
}
_SUBGROUPS: Final = {
    "Whole volumes": "@extent:whole",
    "Slices of one plane": "@extent:slices",
    "Sources left out of training": "@sources:left-out",
    "Test patients of the training sources": "@sources:trained",
}
# With fewer people, an interval over them says nothing.
_MIN_PATIENTS: Final = 5
# With fewer whole volumes, a share of them says nothing.
ENOUGH_VOLUMES: Final = 20


def study_rows(check: StressTestResult) -> Rows:
    """Tabulate the verdicts by extent, by source, and over sources left out of training."""
    subgroups = dict(_SUBGROUPS)
    for source in check.subgroup_values("source"):
        subgroups[source_title(check, source)] = f"@source:{source}"
    rows = {title: {name: _cell(check, f"{name}{suffix}") for name in _TITLES} for title, suffix in subgroups.items()}
    return {
        title: {_TITLES[name]: cell for name, cell in row.items()} for title, row in rows.items() if any(row.values())
    }


def _cell(check: StressTestResult, name: str) -> str:
    metric = check.metrics.get(name)
    return "" if metric is None else f"{_share(metric)}; {describe_size(metric)}"


def _share(metric: Metric) -> str:
    is_small = (metric.groups or 0) < _MIN_PATIENTS
    return f"{metric.value:.0%}" if is_small else metric.percent()


def describe_size(metric: Metric) -> str:
    """Return the number of studies and of patients."""
    return f"{pluralize(metric.n or 0, 'study', 'studies')} of {pluralize(metric.groups or 0, 'patient')}"


def summarize_studies(check: StressTestResult) -> str:
    """Summarize the verdicts on studies, and say how few whole volumes there are; empty without metrics."""
    metrics = check.metrics
    tumors, tumor_free = metrics.get("tumors_suspected"), metrics.get("tumor_free_ruled_out@extent:slices")
    sentences = []
    if tumors:
        missed = metrics.get("tumors_ruled_out")
        sentences.append(
            f"Of {describe_size(tumors)} with a tumour, {tumors.percent()} are suspected"
            f"{f' and {missed.percent()} ruled out' if missed else ''}, each patient with the same weight."
        )
    if tumor_free:
        suspected = metrics.get("tumor_free_suspected@extent:slices")
        sentences.append(
            f"Of {describe_size(tumor_free)} without a tumour, with a few slices of one plane each, "
            f"{tumor_free.percent()} are ruled out{f' and {suspected.percent()} suspected' if suspected else ''}."
        )
    return " ".join([*sentences, *_summarize_volumes(check)])


def _summarize_volumes(check: StressTestResult) -> list[str]:
    """State the whole volumes separately: they are harder to rule out than a few slices, and there are few of them."""
    names = ("tumor_free_ruled_out", "tumor_free_suspected")
    ruled_out, suspected = (check.metrics.get(f"{name}@extent:whole") for name in names)
    if ruled_out is None or suspected is None or not ruled_out.n:
        return []
    counts = f"{round(ruled_out.value * ruled_out.n)} ruled out and {round(suspected.value * ruled_out.n)} suspected"
    warning = " There are too few whole volumes to state a share." if ruled_out.n < ENOUGH_VOLUMES else ""
    return [f"Of {pluralize(ruled_out.n, 'whole volume')} without a tumour, {counts}.{warning}"]
