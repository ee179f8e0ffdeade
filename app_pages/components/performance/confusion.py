"""The confusion matrix, and the scans of one of its cells."""

from typing import Any, Final

import pandas as pd
import streamlit as st

from app_pages.components.performance.score_charts import confusion_table, plot_confusion
from app_pages.components.shared import cache
from app_pages.components.shared.charts import draw_chart
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, pluralize
from app_pages.components.shared.links import choose_from_list, choose_segment
from app_pages.components.shared.page import show_missing, show_section
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass, Verdict
from braintumor.reporting.labels import label_title
from braintumor.results.metric import Curves
from braintumor.results.version import VersionReport

_TRUTH_KEY: Final = "cell-truth"
_PREDICTED_KEY: Final = "cell-called"


def show_confusion(curves: Curves, report: VersionReport, split: str) -> None:
    """Show the confusion matrix, as counts or as shares of each true class."""
    show_section("Confusion matrix", "Rows: true class. Colour: share of the row. Click a cell to list its scans.")
    if not curves.confusion:
        show_missing("There is no confusion matrix for these images. Run:", report.evaluate_command)
        return
    unit = choose_segment("Cells", ["Images", "Share of the class"], "cells", label_visibility="collapsed")
    figure, summary = plot_confusion(curves.confusion, unit != "Images")
    key = f"confusion-{split}"
    draw_chart(
        figure, summary, key, lambda: confusion_table(curves.confusion),
        on_select=lambda: select_cell(st.session_state.get(key)), selection_mode="points",
    )  # fmt: skip


def select_cell(event: Any) -> None:
    """Select the cell that was clicked; a click next to the cells changes nothing."""
    try:
        x, y = (event["selection"]["points"][0][axis] for axis in ("x", "y"))
    except (KeyError, IndexError, TypeError):
        return
    titles = {label_title(name): name for name in (*CLASS_NAMES, TUMOR_LABEL)}
    if x in titles and y in titles:
        st.session_state[_TRUTH_KEY], st.session_state[_PREDICTED_KEY] = titles[y], titles[x]


def show_confusion_cell(report: VersionReport, split: str) -> None:
    """Let the user choose a cell, and list its scans with the most certain first."""
    predictions = cache.get_predictions(report.version)
    if predictions.empty:
        return
    show_section("Scans of one cell", "Click a cell of the matrix, or choose it here.")
    with st.container(horizontal=True, gap="medium"):
        truth, predicted = (
            choose_from_list(title, list(report.class_labels), key, format_func=label_title, index=None, width=200,
                             placeholder="Choose a class")
            for title, key in (("True class", _TRUTH_KEY), ("Predicted class", _PREDICTED_KEY))
        )  # fmt: skip
    if truth is None or predicted is None:
        return
    # For a binary model, tumours of every type are tumours.
    has_truth = predictions["label"] != TumorClass.NOTUMOR if truth == TUMOR_LABEL else predictions["label"] == truth
    rows = predictions[(predictions["split"] == split) & has_truth & (predictions["predicted"] == predicted)]
    title = f"{class_text(truth)} predicted as {class_text(predicted)}"
    if rows.empty:
        st.markdown(f"No scans: {title}.")
    else:
        st.markdown(f"{pluralize(len(rows), 'scan')}: {title}, most certain first.")
        _show_scans(rows, predicted)


def _show_scans(rows: pd.DataFrame, predicted: str) -> None:
    table = rows.assign(
        probability=rows["tumor_probability" if predicted == TUMOR_LABEL else f"p_{predicted}"],
        verdict_title=rows["verdict"].map(lambda verdict: VERDICT_TITLES[Verdict(verdict)]),
    ).sort_values("probability", ascending=False)
    st.dataframe(
        table[["path", "probability", "tumor_probability", "verdict_title"]],
        hide_index=True, width="stretch", height=280, key="cell",
        column_config={
            "path": "Scan",
            "probability": st.column_config.NumberColumn(f"Probability of {class_text(predicted)}", format="percent"),
            "tumor_probability": st.column_config.NumberColumn("Tumour probability", format="percent"),
            "verdict_title": "Verdict",
        },
    )  # fmt: skip
