"""The field: every version in one sortable table, accuracy against time, and which differences are real."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from app_pages.components.performance.comparison_chart import plot_accuracy_latency
from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, SPLIT_TITLES, join_words, metric_value, pluralize
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.shared.tables import show_text_table
from braintumor.datasets.catalog import training_dataset
from braintumor.enums import Split
from braintumor.inference import list_models
from braintumor.results.comparison import COMPARE_COMMAND, COMPARED_METRICS, Comparison, ComparisonRow
from braintumor.results.comparison_summary import collect_notes, comparison_table, summarize_pair, summarize_pairs
from braintumor.results.version import VersionReport, list_evaluated_runs

_EXTERNAL = "outside"
_EVALUATED_SPLIT_TITLES = {**SPLIT_TITLES, _EXTERNAL: "Outside"}
_EXTERNAL_TITLES = {
    "called": "Tumours called",
    "called_or_uncertain": "Tumours called or uncertain",
    "false_alarms": "False alarms",
}


def show_comparison(report: VersionReport) -> None:
    """The whole field, then a column a version on the images the reader chooses."""
    show_model_comparison(cache.get_comparison(), report.version)
    show_section(
        "Metric by metric", "As each version was evaluated. Overlapping intervals: the difference may be chance."
    )
    served = {report.version, *list_models()}
    found = sorted(served | set(list_evaluated_runs()))
    alike = [
        name for name in sorted(served) if _comparability_key(cache.get_report(name)) == _comparability_key(report)
    ]
    chosen = st.multiselect("Versions", found, default=alike, key=f"compared-{report.version}")
    reports = {name: cache.get_report(name) for name in chosen}
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


_PERCENT_COLUMNS: Final = {
    "accuracy": ("Accuracy", "Of its own task: four classes, or tumour against none. Not comparable across tasks."),
    "tumor_accuracy": ("Tumour or none", "Accuracy on whether there is any tumour: comparable across tasks."),
    "tumor_sensitivity": ("Sensitivity", "Of any tumour."),
    "tumor_specificity": ("Specificity", "Of healthy scans."),
    "macro_f1": ("Macro F1", "Of its own task."),
    "official_accuracy": ("Official split", "Accuracy on the Kaggle Training and Testing folders, which leak."),
    "outside_called": ("Outside called", "Share of the tumours of another collection that are called."),
    "outside_false_alarms": ("False alarms", "Share of the healthy test scans that are called, in the outside check."),
}  # fmt: skip
_NUMBER_COLUMNS: Final = {
    "roc_auc": ("ROC area", "Of the tumour probability."),
    "outside_roc_auc": ("Outside ROC", "Area against tumours of another collection."),
    "tumor_ece": ("ECE", "Calibration error of the tumour probability: less is better."),
    "tumor_brier": ("Brier", "Of tumour against none: less is better."),
}
_ACCURACY_TITLES: Final = {"tumor_accuracy": "Tumour or none", "accuracy": "Four classes"}


def show_model_comparison(comparison: Comparison, selected_version: str) -> None:
    """All of `outputs/comparison`, or the command that writes it."""
    show_section(
        "The field",
        "Every version on the same test scans, groups kept together. A click on a heading sorts. Intervals are in the "
        "chart, and in the table at the end.",
    )
    if not comparison.exists:
        show_missing("The versions have not been compared yet. Compare them with:", COMPARE_COMMAND)
        return
    if comparison.outdated:
        show_missing(
            f"Changed or made after this was compared: {join_words(comparison.outdated)}. Compare again with:",
            COMPARE_COMMAND,
        )
    if comparison.evaluated_rows:
        _show_comparison_table(comparison.evaluated_rows)
        _show_accuracy_chart(comparison, selected_version)
        _show_pairs(comparison, selected_version)
    _show_missing_models(comparison)


def _show_comparison_table(rows: tuple[ComparisonRow, ...]) -> None:
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "version": st.column_config.TextColumn("Version", pinned=True),
        "task": st.column_config.TextColumn("Task", help="What it was trained to tell."),
        **{name: number(title, help=said, format="%.1f%%") for name, (title, said) in _PERCENT_COLUMNS.items()},
        "milliseconds": number("ms a scan", help="Median from frame to verdict, all in one run.", format="%.1f"),
        "parameters": number("Parameters", format="compact"),
        "bytes": number("Size", help="Of model.onnx.", format="bytes"),
        **{name: number(title, help=said, format="%.3f") for name, (title, said) in _NUMBER_COLUMNS.items()},
        "seconds": number("Training, s", format="localized"),
        "epochs": number("Epochs"),
        "weights": st.column_config.TextColumn("Start", help="Initial weights."),
        "title": "What it is",
    }
    table = comparison_table(rows)[list(columns)]
    st.dataframe(
        table.assign(**{name: 100 * table[name] for name in _PERCENT_COLUMNS}),
        hide_index=True, width="stretch", key="field", column_config=columns,
        height=38 + 35 * min(len(table), 20), placeholder="",
        alt=f"Metrics and costs of {pluralize(len(table), 'version')}.",
    )  # fmt: skip
    for row in rows:
        if notes := collect_notes(row):
            st.caption(f"**{row.version}:** {' '.join(notes)}")


def _show_accuracy_chart(comparison: Comparison, selected_version: str) -> None:
    questions = [q for q in COMPARED_METRICS if any(q in row.test for row in comparison.evaluated_rows)]
    show_section("Accuracy against time", "Up and to the left is better; the larger a point, the more parameters.")
    question = st.segmented_control(
        "Question", questions, default=questions[0], format_func=_ACCURACY_TITLES.__getitem__, key="field-question",
        required=True,
    )  # fmt: skip
    figure, said = plot_accuracy_latency(comparison.evaluated_rows, question, selected_version)
    show_chart(figure, said, "field-chart", 460)
    machine, scans = comparison.details.get("machine"), comparison.details.get("scans")
    if isinstance(machine, dict) and isinstance(scans, dict):
        cores, n, groups = (int(part.get(name) or 0) for part, name in
                            ((machine, "cores"), (scans, "n"), (scans, "groups")))  # fmt: skip
        st.caption(
            f"Accuracy on {pluralize(n, 'scan')} of {pluralize(groups, 'group')}; time in turn, scan by scan, on "
            f"{pluralize(cores, 'core')}."
        )


def _show_pairs(comparison: Comparison, selected_version: str) -> None:
    show_section("Which differences are real?", "Every two versions on the same scans, by bootstrap over groups.")
    for question, pairs in comparison.pairs.items():
        if not pairs:
            continue
        st.markdown(summarize_pairs(pairs, question))
        own = [pair for pair in pairs if selected_version in (pair.a, pair.b)]
        if own:
            st.markdown("\n".join(f"- {summarize_pair(pair, question)}" for pair in own))
        with st.expander(f"All {pluralize(len(pairs), 'pair')}: {COMPARED_METRICS[question]}"):
            st.dataframe(
                pd.DataFrame(
                    [{"a": p.a, "b": p.b, "by": 100 * p.difference.value, "interval": p.difference.points(),
                      "real": p.significant, "holds": p.significant_after_holm} for p in pairs]
                ),
                hide_index=True, width="stretch", key=f"pairs-{question}",
                column_config={
                    "a": "Ahead", "b": "Behind", "by": st.column_config.NumberColumn("Points", format="%+.1f"),
                    "interval": "With 95% interval", "real": "Real for the pair", "holds": "Holds for all pairs",
                },
            )  # fmt: skip


def _show_missing_models(comparison: Comparison) -> None:
    for status in dict.fromkeys(row.status for row in comparison.rows if not row.is_evaluated):
        rows = [row for row in comparison.rows if row.status == status and not row.is_evaluated]
        show_section(status[:1].upper() + status[1:], "Each is a tested recipe; the command makes it.")
        st.markdown("\n".join(f"- **{row.version}**: {row.title}{_initial_weights_text(row)}" for row in rows))
        show_missing("Made with:", *(row.command for row in rows if row.command))


def _initial_weights_text(row: ComparisonRow) -> str:
    return ", from ImageNet's weights" if row.weights == "imagenet" else ""
