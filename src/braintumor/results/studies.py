"""Verdicts on whole studies of patients that a version did not learn from, as a table and sentences: `studies`."""

from typing import Final

from braintumor.results.metric import Metric
from braintumor.results.other_sources import Rows, source_title
from braintumor.results.study import StudyCheck
from braintumor.text import pluralize

_TITLES: Final = {
    "tumors_suspected": "Tumour patients suspected",
    "tumors_cleared": "Tumour patients cleared",
    "healthy_suspected": "Healthy people suspected",
    "healthy_cleared": "Healthy people cleared",
}
_SUBGROUPS: Final = {
    "Whole volumes": "@extent:whole",
    "Slices of one plane": "@extent:slices",
    "Sources left out of training": "@sources:left-out",
    "Test patients of the other sources": "@sources:trained",
}
# With fewer people, an interval over them says nothing.
_MIN_PATIENTS: Final = 5
_ENOUGH_VOLUMES: Final = 20


def study_rows(check: StudyCheck) -> Rows:
    """Tabulate the verdicts by extent, by source, and over sources left out of training."""
    subgroups = dict(_SUBGROUPS)
    for source in check.subgroup_values("source"):
        subgroups[source_title(check, source)] = f"@source:{source}"
    rows = {title: {name: _cell(check, f"{name}{suffix}") for name in _TITLES} for title, suffix in subgroups.items()}
    return {
        title: {_TITLES[name]: cell for name, cell in row.items()} for title, row in rows.items() if any(row.values())
    }


def _cell(check: StudyCheck, name: str) -> str:
    metric = check.metrics.get(name)
    return "" if metric is None else f"{_share(metric)}; {describe_size(metric)}"


def _share(metric: Metric) -> str:
    is_small = (metric.groups or 0) < _MIN_PATIENTS
    return f"{metric.value:.0%}" if is_small else metric.percent()


def describe_size(metric: Metric) -> str:
    """Return the number of studies and of patients."""
    return f"{pluralize(metric.n or 0, 'study', 'studies')} of {pluralize(metric.groups or 0, 'patient')}"


def summarize_studies(check: StudyCheck) -> str:
    """Summarize the verdicts on studies, and say how few whole volumes there are; empty without metrics."""
    metrics = check.metrics
    tumors, healthy = metrics.get("tumors_suspected"), metrics.get("healthy_cleared@extent:slices")
    sentences = []
    if tumors:
        cleared = metrics.get("tumors_cleared")
        sentences.append(
            f"Of {describe_size(tumors)} with a tumour, {tumors.percent()} are suspected"
            f"{f' and {cleared.percent()} cleared' if cleared else ''}, each patient with the same weight."
        )
    if healthy:
        suspected = metrics.get("healthy_suspected@extent:slices")
        sentences.append(
            f"Of {describe_size(healthy)} without a tumour, with a few slices of one plane each, {healthy.percent()} "
            f"are cleared{f' and {suspected.percent()} suspected' if suspected else ''}."
        )
    return " ".join([*sentences, *_summarize_volumes(check)])


def _summarize_volumes(check: StudyCheck) -> list[str]:
    """State the whole volumes apart: they are harder to clear than a few slices, and there are few of them."""
    cleared, suspected = (check.metrics.get(f"healthy_{name}@extent:whole") for name in ("cleared", "suspected"))
    if cleared is None or suspected is None or not cleared.n:
        return []
    counts = f"{round(cleared.value * cleared.n)} cleared and {round(suspected.value * cleared.n)} suspected"
    warning = " There are too few whole volumes to state a share." if cleared.n < _ENOUGH_VOLUMES else ""
    return [f"Of {pluralize(cleared.n, 'whole volume')} of healthy people, {counts}.{warning}"]
