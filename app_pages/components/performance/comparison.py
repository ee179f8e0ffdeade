"""Comparison of versions: metric by metric for the chosen ones, after the comparison of all on the same scans."""

from typing import Final

import streamlit as st

from app_pages.components.performance.model_comparison import show_model_comparison
from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, SPLIT_TITLES, join_words, metric_value
from app_pages.components.shared.links import check_url_value, choose_segment
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.shared.tables import show_text_table
from braintumor.datasets.catalog import evaluation_dataset
from braintumor.enums import EXTERNAL_SPLIT, Split
from braintumor.inference import list_models
from braintumor.results.version import VersionReport, list_evaluated_runs

_EVALUATED_SPLIT_TITLES: Final = {**SPLIT_TITLES, EXTERNAL_SPLIT: "External"}
_EXTERNAL_TITLES: Final = {
    "flagged": "Tumours flagged",
    "flagged_or_uncertain": "Tumours flagged or uncertain",
    "false_alarms": "False positives",
}


def show_comparison(report: VersionReport) -> None:
    """Show the comparison of all versions, then the chosen versions side by side."""
    show_model_comparison(cache.get_comparison(), report.version)
    show_section("Metric by metric", "From the evaluation of each version, on its own test split.")
    measured = _choose_versions(report)
    if not measured:
        return
    splits = [
        split for split in _EVALUATED_SPLIT_TITLES if any(split in other.evaluation for other in measured.values())
    ]
    split = choose_segment(
        "Images", splits, "compared-split", default=Split.TEST, format_func=_EVALUATED_SPLIT_TITLES.__getitem__
    )
    rows = {
        title: {
            version: metric_value(name, metric)
            for version, other in measured.items()
            if (metric := other.metric(split, name)) is not None
        }
        for name, title in (METRIC_TITLES | _EXTERNAL_TITLES).items()
        if any(other.metric(split, name) for other in measured.values())
    }
    show_text_table(rows, "Metric (95% CI)", "compared")
    _show_chart(measured, split, report.version)


def _choose_versions(report: VersionReport) -> dict[str, VersionReport]:
    """Let the user choose versions, those comparable with this one by default; return the evaluated ones."""
    served = {report.version, *list_models()}
    key = _comparability_key(report)
    comparable = [version for version in sorted(served) if _comparability_key(cache.get_report(version)) == key]
    names = sorted(served | set(list_evaluated_runs()))
    check_url_value("Version", parameter := f"compared-{report.version}", names)
    chosen = st.multiselect("Versions", names, default=comparable, key=parameter, bind="query-params")
    reports = {version: cache.get_report(version) for version in chosen}
    if others := [version for version, other in reports.items() if _comparability_key(other) != key]:
        st.caption(
            f"Not comparable with {report.version}, because of other classes, another image set or another split: "
            f"{join_words(others)}."
        )
    if commands := [other.evaluate_command for other in reports.values() if not other.evaluation]:
        show_missing("Not all of these were evaluated. Run:", *commands)
    return {version: other for version, other in reports.items() if other.evaluation}


def _comparability_key(report: VersionReport) -> tuple[bool, str, str]:
    """Return what versions with the same classes and the same test images have in common."""
    protocol = report.card.protocol if report.card else ""
    return report.is_multiclass, evaluation_dataset(report.recipe).folder, protocol


def _show_chart(reports: dict[str, VersionReport], split: str, selected_version: str) -> None:
    name = "roc_auc" if split == EXTERNAL_SPLIT else "accuracy"
    metrics = {version: other.metric(split, name) for version, other in reports.items()}
    rows = [
        IntervalRow(version, metric, metric_value(name, metric), ACCENT if version == selected_version else NEUTRAL)
        for version, metric in metrics.items()
        if metric is not None
    ]
    if rows:
        alt = "; ".join(f"{row.label} {row.text}" for row in rows)
        st.markdown(f"**{METRIC_TITLES[name]}**")
        height = 64 + 38 * len(rows)
        figure = plot_intervals(rows, "plain" if name == "roc_auc" else "share")
        show_chart(figure, f"{METRIC_TITLES[name]} by version. {alt}.", "compared-chart", height)
