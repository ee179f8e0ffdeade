"""The field: every version in one sortable table, accuracy against time, and which differences are real."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from app_pages.components.charts import show
from app_pages.components.field_chart import accuracy_against_time
from app_pages.components.frame import missing, section
from app_pages.components.words import count, listed
from braintumor.evaluation.compare_file import COMMAND, QUESTIONS, Comparison, Row
from braintumor.evaluation.compare_sentences import notes_of, pair_sentence, pairs_sentence
from braintumor.evaluation.compare_table import comparison_table

_PERCENT: Final = {
    "accuracy": ("Accuracy", "Of its own task: four classes, or tumour against none. Not comparable across tasks."),
    "tumor_accuracy": ("Tumour or none", "Accuracy on whether there is any tumour: comparable across tasks."),
    "tumor_sensitivity": ("Sensitivity", "Of any tumour."),
    "tumor_specificity": ("Specificity", "Of healthy scans."),
    "macro_f1": ("Macro F1", "Of its own task."),
    "official_accuracy": ("Official split", "Accuracy on the Kaggle Training and Testing folders, which leak."),
    "outside_called": ("Outside called", "Share of the tumours of another collection that are called."),
    "outside_false_alarms": ("False alarms", "Share of the healthy test scans that are called, in the outside check."),
}  # fmt: skip
_PLAIN: Final = {
    "roc_auc": ("ROC area", "Of the tumour probability."),
    "outside_roc_auc": ("Outside ROC", "Area against tumours of another collection."),
    "tumor_ece": ("ECE", "Calibration error of the tumour probability: less is better."),
    "tumor_brier": ("Brier", "Of tumour against none: less is better."),
}
_TITLES: Final = {"tumor_accuracy": "Tumour or none", "accuracy": "Four classes"}


def show_field(found: Comparison, chosen: str) -> None:
    """All of `outputs/comparison`, or the command that writes it."""
    section(
        "The field",
        "Every version on the same test scans, groups kept together. A click on a heading sorts. Intervals are in the "
        "chart, and in the table at the end.",
    )
    if not found.exists:
        missing("The versions have not been compared yet. Compare them with:", COMMAND)
        return
    if found.stale:
        missing(f"Changed or made after this was compared: {listed(found.stale)}. Compare again with:", COMMAND)
    if found.measured:
        _table(found.measured)
        _chart(found, chosen)
        _pairs(found, chosen)
    _absent(found)


def _table(rows: tuple[Row, ...]) -> None:
    number = st.column_config.NumberColumn
    columns: dict[str, Any] = {
        "version": st.column_config.TextColumn("Version", pinned=True),
        "task": st.column_config.TextColumn("Task", help="What it was trained to tell."),
        **{name: number(title, help=said, format="%.1f%%") for name, (title, said) in _PERCENT.items()},
        "milliseconds": number("ms a scan", help="Median from frame to verdict, all in one run.", format="%.1f"),
        "parameters": number("Parameters", format="compact"),
        "bytes": number("Size", help="Of model.onnx.", format="bytes"),
        **{name: number(title, help=said, format="%.3f") for name, (title, said) in _PLAIN.items()},
        "seconds": number("Training, s", format="localized"),
        "epochs": number("Epochs"),
        "weights": st.column_config.TextColumn("Start", help="Initial weights."),
        "title": "What it is",
    }
    table = comparison_table(rows)[list(columns)]
    st.dataframe(
        table.assign(**{name: 100 * table[name] for name in _PERCENT}),
        hide_index=True, width="stretch", key="field", column_config=columns,
        height=38 + 35 * min(len(table), 20), placeholder="",
        alt=f"Metrics and costs of {count(len(table), 'version')}.",
    )  # fmt: skip
    for row in rows:
        if notes := notes_of(row):
            st.caption(f"**{row.version}:** {' '.join(notes)}")


def _chart(found: Comparison, chosen: str) -> None:
    questions = [q for q in QUESTIONS if any(q in row.test for row in found.measured)]
    section("Accuracy against time", "Up and to the left is better; the larger a point, the more parameters.")
    question = st.segmented_control(
        "Question", questions, default=questions[0], format_func=_TITLES.__getitem__, key="field-question",
        required=True,
    )  # fmt: skip
    figure, said = accuracy_against_time(found.measured, question, chosen)
    show(figure, said, "field-chart", 460)
    machine, scans = found.facts.get("machine"), found.facts.get("scans")
    if isinstance(machine, dict) and isinstance(scans, dict):
        cores, n, groups = (int(part.get(name) or 0) for part, name in
                            ((machine, "cores"), (scans, "n"), (scans, "groups")))  # fmt: skip
        st.caption(
            f"Accuracy on {count(n, 'scan')} of {count(groups, 'group')}; time in turn, scan by scan, on "
            f"{count(cores, 'core')}."
        )


def _pairs(found: Comparison, chosen: str) -> None:
    section("Which differences are real?", "Every two versions on the same scans, by bootstrap over groups.")
    for question, pairs in found.pairs.items():
        if not pairs:
            continue
        st.markdown(pairs_sentence(pairs, question))
        own = [pair for pair in pairs if chosen in (pair.a, pair.b)]
        if own:
            st.markdown("\n".join(f"- {pair_sentence(pair, question)}" for pair in own))
        with st.expander(f"All {count(len(pairs), 'pair')}: {QUESTIONS[question]}"):
            st.dataframe(
                pd.DataFrame(
                    [{"a": p.a, "b": p.b, "by": 100 * p.difference.value, "interval": p.difference.points(),
                      "real": p.real, "holds": p.holds} for p in pairs]
                ),
                hide_index=True, width="stretch", key=f"pairs-{question}",
                column_config={
                    "a": "Ahead", "b": "Behind", "by": st.column_config.NumberColumn("Points", format="%+.1f"),
                    "interval": "With 95% interval", "real": "Real for the pair", "holds": "Holds for all pairs",
                },
            )  # fmt: skip


def _absent(found: Comparison) -> None:
    for status in dict.fromkeys(row.status for row in found.rows if not row.measured):
        rows = [row for row in found.rows if row.status == status and not row.measured]
        section(status[:1].upper() + status[1:], "Each is a tested recipe; the command makes it.")
        st.markdown("\n".join(f"- **{row.version}**: {row.title}{_start(row)}" for row in rows))
        missing("Made with:", *(row.command for row in rows if row.command))


def _start(row: Row) -> str:
    return ", from ImageNet's weights" if row.weights == "imagenet" else ""
