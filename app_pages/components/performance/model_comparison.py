"""Comparison of all versions on the same scans: table, accuracy against time, significant differences."""

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd
import streamlit as st

from app_pages.components.performance.comparison_chart import plot_accuracy_latency
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import join_words, pluralize
from app_pages.components.shared.glossary import explain
from app_pages.components.shared.links import choose_segment
from app_pages.components.shared.page import show_missing, show_section
from braintumor.results.comparison import COMPARE_COMMAND, COMPARED_METRICS, Comparison, ComparisonRow, Pair
from braintumor.results.comparison_summary import collect_notes, comparison_table, summarize_pair, summarize_pairs
from braintumor.text import capitalize_first

# Column: title and help text.
_PERCENT_COLUMNS: Final = {
    "accuracy": ("Accuracy", "On the classes that it predicts: not comparable between four classes and two."),
    "tumor_accuracy": ("Tumour or no tumour", "Accuracy on tumour or no tumour: comparable across all versions."),
    "tumor_sensitivity": ("Sensitivity", "For any tumour."),
    "tumor_specificity": ("Specificity", "For tumour-free scans."),
    "macro_f1": ("Macro F1", explain("F1, macro F1")),
    "official_accuracy": ("Official split", "Accuracy on the official Kaggle split, which leaks."),
    "external_flagged": ("External flagged", "Share of the tumours of the external set with verdict tumour suspected."),
    "external_false_alarms": ("False positives", "Share of the tumour-free test scans with verdict tumour suspected."),
}  # fmt: skip
_NUMBER_COLUMNS: Final = {
    "roc_auc": ("ROC AUC", explain("AUC")),
    "external_roc_auc": ("External AUC", "Of the tumour probability on the external set."),
    "tumor_ece": ("ECE", explain("Calibration error (ECE)")),
    "tumor_brier": ("Brier", explain("Brier score")),
}
_QUESTION_TITLES: Final = {"tumor_accuracy": "Tumour or no tumour", "accuracy": "Four classes"}


def show_model_comparison(comparison: Comparison, selected_version: str) -> None:
    """Show the results in `outputs/comparison`, or the command that writes them."""
    show_section(
        "All versions",
        "On the same test scans, split by group. Click a heading to sort. The chart shows confidence intervals.",
    )
    if not comparison.exists:
        show_missing("The versions have not been compared yet. Run:", COMPARE_COMMAND)
        return
    if comparison.outdated:
        show_missing(f"Changed since the comparison: {join_words(comparison.outdated)}. Run:", COMPARE_COMMAND)
    if comparison.evaluated_rows:
        _show_table(comparison.evaluated_rows)
        _show_accuracy_chart(comparison, selected_version)
        _show_pairs(comparison, selected_version)
    _show_missing_models(comparison)


def _show_table(rows: Sequence[ComparisonRow]) -> None:
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "version": st.column_config.TextColumn("Version", pinned=True),
        "task": st.column_config.TextColumn("Task", help="Four classes, or tumour or no tumour."),
        **{name: number(title, help=text, format="%.1f%%") for name, (title, text) in _PERCENT_COLUMNS.items()},
        "milliseconds": number("ms per scan", help="Median from model input to verdict, in one run.", format="%.1f"),
        "parameters": number("Parameters", format="compact"),
        "bytes": number("Size", help="Of model.onnx.", format="bytes"),
        **{name: number(title, help=text, format="%.3f") for name, (title, text) in _NUMBER_COLUMNS.items()},
        "seconds": number("Training, s", format="localized"),
        "epochs": number("Epochs"),
        "weights": st.column_config.TextColumn("Initial weights"),
        "title": "Description",
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
    show_section("Accuracy against time", "Higher and further left is better. Larger points have more parameters.")
    questions = [q for q in COMPARED_METRICS if any(q in row.test for row in comparison.evaluated_rows)]
    question = choose_segment("Question", questions, "field-question", format_func=_QUESTION_TITLES.__getitem__)
    figure, summary = plot_accuracy_latency(comparison.evaluated_rows, question, selected_version)
    show_chart(figure, summary, "field-chart", 460)
    machine, scans = comparison.details.get("machine"), comparison.details.get("scans")
    if isinstance(machine, dict) and isinstance(scans, dict):
        n, groups, cores = (int(number or 0) for number in (scans.get("n"), scans.get("groups"), machine.get("cores")))
        st.caption(
            f"Accuracy on {pluralize(n, 'scan')} of {pluralize(groups, 'group')}. Versions alternate scan by scan, on "
            f"{pluralize(cores, 'core')}."
        )


def _show_pairs(comparison: Comparison, selected_version: str) -> None:
    show_section("Which differences are significant?", "Every pair on the same scans, by bootstrap over groups.")
    for metric, pairs in comparison.pairs.items():
        if not pairs:
            continue
        st.markdown(summarize_pairs(pairs, metric))
        own = [pair for pair in pairs if selected_version in (pair.a, pair.b)]
        if own:
            st.markdown("\n".join(f"- {summarize_pair(pair, metric)}" for pair in own))
        with st.expander(f"All {pluralize(len(pairs), 'pair')} on {COMPARED_METRICS[metric]}"):
            _show_pair_table(pairs, metric)


def _show_pair_table(pairs: Sequence[Pair], metric: str) -> None:
    rows = [
        {
            "a": pair.a,
            "b": pair.b,
            "difference": 100 * pair.difference.value,
            "interval": pair.difference.points(),
            "significant": pair.is_significant,
            "holm": pair.is_significant_after_holm,
        }
        for pair in pairs
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, width="stretch", key=f"pairs-{metric}",
        column_config={
            "a": "Version A", "b": "Version B",
            "difference": st.column_config.NumberColumn("A minus B, points", format="%+.1f"),
            "interval": "With 95% CI", "significant": "Significant", "holm": "After Holm's correction",
        },
    )  # fmt: skip


def _show_missing_models(comparison: Comparison) -> None:
    missing = [row for row in comparison.rows if not row.is_evaluated]
    for status in dict.fromkeys(row.status for row in missing):
        rows = [row for row in missing if row.status == status]
        show_section(capitalize_first(status), "Each is a tested recipe.")
        st.markdown("\n".join(f"- **{row.version}**: {row.title}{_initial_weights_text(row)}" for row in rows))
        show_missing("To add them, run:", *(row.command for row in rows if row.command))


def _initial_weights_text(row: ComparisonRow) -> str:
    return ", with ImageNet weights" if row.weights == "imagenet" else ""
