"""Comparison: the field of all versions, and several of them in one table, every number with its interval."""

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import missing, section
from app_pages.components.palette import ACCENT, NEUTRAL
from app_pages.components.parts import table
from app_pages.components.performance_field import show_field
from app_pages.components.words import METRIC_TITLES, SPLIT_TITLES, listed, metric_value
from braintumor.dataset.sets import learnt_from
from braintumor.evaluation.report import Report, measured_versions
from braintumor.inference import versions
from braintumor.vocabulary import Split

_OUTSIDE = "outside"
_PLACES = {**SPLIT_TITLES, _OUTSIDE: "Outside"}
_EXTRA = {
    "called": "Tumours called",
    "called_or_uncertain": "Tumours called or uncertain",
    "false_alarms": "False alarms",
}


def show_comparison(report: Report) -> None:
    """The whole field, then a column a version on the images the reader chooses."""
    show_field(artifacts.comparison(), report.version)
    section("Metric by metric", "As each version was evaluated. Overlapping intervals: the difference may be chance.")
    served = {report.version, *versions()}
    found = sorted(served | set(measured_versions()))
    alike = [name for name in sorted(served) if _kin(artifacts.report(name)) == _kin(report)]
    chosen = st.multiselect("Versions", found, default=alike, key=f"compared-{report.version}")
    reports = {name: artifacts.report(name) for name in chosen}
    if others := [name for name, other in reports.items() if _kin(other) != _kin(report)]:
        st.caption(
            f"Of other answers, another image set or another split than {report.version}, so that numbers do not "
            f"compare: {listed(others)}."
        )
    measured = {name: other for name, other in reports.items() if other.evaluation}
    if absent := [other.remedy for other in reports.values() if not other.evaluation]:
        missing("Not all of these have been measured. What is missing comes from:", *absent)
    if not measured:
        return
    places = [place for place in _PLACES if any(place in other.evaluation for other in measured.values())]
    place = st.segmented_control(
        "Images", places, default=Split.TEST if Split.TEST in places else places[0],
        format_func=_PLACES.__getitem__, key="compared-split", required=True,
    )  # fmt: skip
    rows = {
        title: {
            name: metric_value(metric, estimate)
            for name, other in measured.items()
            if (estimate := other.metric(place, metric)) is not None
        }
        for metric, title in (METRIC_TITLES | _EXTRA).items()
        if any(other.metric(place, metric) for other in measured.values())
    }
    table(rows, "Metric", "compared")
    first = "roc_auc" if place == _OUTSIDE else "accuracy"
    bars = [
        Bar(name, estimate, metric_value(first, estimate), ACCENT if name == report.version else NEUTRAL)
        for name, other in measured.items()
        if (estimate := other.metric(place, first)) is not None
    ]
    if bars:
        said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
        st.markdown(f"**{METRIC_TITLES[first]}**")
        show(intervals(bars), f"{METRIC_TITLES[first]} by version. {said}.", "compared-chart", 64 + 38 * len(bars))


def _kin(report: Report) -> tuple[bool, str, str]:
    """What versions share that answer the same of the same test images."""
    return report.tells_kinds, learnt_from(report.card).folder, str(report.fact("protocol"))
