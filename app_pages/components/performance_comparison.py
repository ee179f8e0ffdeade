"""Comparison: the field of all versions, and several of them in one table, every number with its interval."""

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.frame import show_missing, show_section
from app_pages.components.palette import ACCENT, NEUTRAL
from app_pages.components.parts import show_text_table
from app_pages.components.performance_field import show_model_comparison
from app_pages.components.words import METRIC_TITLES, SPLIT_TITLES, join_words, metric_value
from braintumor.dataset.sets import training_dataset
from braintumor.evaluation.report import VersionReport, list_evaluated_runs
from braintumor.inference import list_models
from braintumor.vocabulary import Split

_EXTERNAL = "outside"
_EVALUATED_SPLIT_TITLES = {**SPLIT_TITLES, _EXTERNAL: "Outside"}
_EXTERNAL_TITLES = {
    "called": "Tumours called",
    "called_or_uncertain": "Tumours called or uncertain",
    "false_alarms": "False alarms",
}


def show_comparison(report: VersionReport) -> None:
    """The whole field, then a column a version on the images the reader chooses."""
    show_model_comparison(artifacts.get_comparison(), report.version)
    show_section(
        "Metric by metric", "As each version was evaluated. Overlapping intervals: the difference may be chance."
    )
    served = {report.version, *list_models()}
    found = sorted(served | set(list_evaluated_runs()))
    alike = [
        name for name in sorted(served) if _comparability_key(artifacts.get_report(name)) == _comparability_key(report)
    ]
    chosen = st.multiselect("Versions", found, default=alike, key=f"compared-{report.version}")
    reports = {name: artifacts.get_report(name) for name in chosen}
    if others := [name for name, other in reports.items() if _comparability_key(other) != _comparability_key(report)]:
        st.caption(
            f"Of other answers, another image set or another split than {report.version}, so that numbers do not "
            f"compare: {join_words(others)}."
        )
    measured = {name: other for name, other in reports.items() if other.evaluation}
    if absent := [other.evaluate_command for other in reports.values() if not other.evaluation]:
        show_missing("Not all of these have been measured. What is missing comes from:", *absent)
    if not measured:
        return
    places = [
        place for place in _EVALUATED_SPLIT_TITLES if any(place in other.evaluation for other in measured.values())
    ]
    place = st.segmented_control(
        "Images", places, default=Split.TEST if Split.TEST in places else places[0],
        format_func=_EVALUATED_SPLIT_TITLES.__getitem__, key="compared-split", required=True,
    )  # fmt: skip
    rows = {
        title: {
            name: metric_value(metric, estimate)
            for name, other in measured.items()
            if (estimate := other.metric(place, metric)) is not None
        }
        for metric, title in (METRIC_TITLES | _EXTERNAL_TITLES).items()
        if any(other.metric(place, metric) for other in measured.values())
    }
    show_text_table(rows, "Metric", "compared")
    first = "roc_auc" if place == _EXTERNAL else "accuracy"
    bars = [
        IntervalRow(name, estimate, metric_value(first, estimate), ACCENT if name == report.version else NEUTRAL)
        for name, other in measured.items()
        if (estimate := other.metric(place, first)) is not None
    ]
    if bars:
        said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
        st.markdown(f"**{METRIC_TITLES[first]}**")
        show_chart(
            plot_intervals(bars), f"{METRIC_TITLES[first]} by version. {said}.", "compared-chart", 64 + 38 * len(bars)
        )


def _comparability_key(report: VersionReport) -> tuple[bool, str, str]:
    """What versions share that answer the same of the same test images."""
    return report.is_multiclass, training_dataset(report.card).folder, str(report.card_value("protocol"))
