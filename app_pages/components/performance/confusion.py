"""The confusion matrix, and the scans behind a cell that is clicked or chosen."""

from typing import Any

import streamlit as st

from app_pages.components.performance.score_charts import plot_confusion
from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, pluralize
from app_pages.components.shared.page import show_missing, show_section
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, TumorClass, Verdict
from braintumor.reporting.labels import label_title
from braintumor.results.metric import Curves
from braintumor.results.version import VersionReport

_TRUTH_KEY, _PREDICTED_KEY = "cell-truth", "cell-called"


def show_confusion(curves: Curves, report: VersionReport, split: str) -> None:
    """The confusion matrix, as counts or as shares of each true class."""
    show_section("What was called what", "Rows are the truth. Colour is the share of the row. A click lists the scans.")
    if not curves.confusion:
        show_missing("There is no confusion matrix for these images. Write it with:", report.evaluate_command)
        return
    unit = st.segmented_control(
        "Cells", ["Images", "Share of the class"], default="Images", key="cells", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    figure, said = plot_confusion(curves.confusion, unit != "Images")
    key = f"confusion-{split}"
    show_chart(figure, said, key, 400, on_select=lambda: select_cell(st.session_state.get(key)))


def select_cell(event: Any) -> None:
    """Take over the cell that was clicked; a click on nothing keeps the last one."""
    try:
        x, y = (event["selection"]["points"][0][axis] for axis in ("x", "y"))
    except (KeyError, IndexError, TypeError):
        return
    titles = {label_title(name): name for name in (*CLASS_NAMES, TUMOR_LABEL)}
    if x in titles and y in titles:
        st.session_state[_TRUTH_KEY], st.session_state[_PREDICTED_KEY] = titles[y], titles[x]


def render_confusion_cell(report: VersionReport, split: str) -> None:
    """The scans of one cell, surest first."""
    table = cache.get_predictions(report.version)
    if table.empty:
        return
    for key in (_TRUTH_KEY, _PREDICTED_KEY):  # what another version answers may be no answer of this one
        if st.session_state.get(key) not in (None, *report.class_labels):
            del st.session_state[key]
    show_section("Which scans?", "Those of one cell of the matrix: click it, or choose it here.")
    with st.container(horizontal=True, gap="medium"):
        chosen = [
            st.selectbox(title, list(report.class_labels), format_func=label_title, key=key, index=None, width=200,
                         placeholder="Choose an answer")
            for title, key in (("Truth", _TRUTH_KEY), ("Called", _PREDICTED_KEY))
        ]  # fmt: skip
    truth, called = chosen
    if truth is None or called is None:
        return
    # Where no kind is told, a tumour of any kind is a tumour.
    of_truth = table["label"] != TumorClass.NOTUMOR if truth == TUMOR_LABEL else table["label"] == truth
    rows = table[(table["split"] == split) & of_truth & (table["predicted"] == called)]
    what = f"{class_text(truth)} called {class_text(called)}"
    if rows.empty:
        st.markdown(f"No scan: {what}.")
        return
    st.markdown(f"{pluralize(len(rows), 'scan')} of {what}, surest first.")
    shown = rows.assign(
        said=rows["tumor_probability" if called == TUMOR_LABEL else f"p_{called}"],
        answer=rows["verdict"].map(lambda v: VERDICT_TITLES[Verdict(v)]),
    ).sort_values("said", ascending=False)
    st.dataframe(
        shown[["path", "said", "tumor_probability", "answer"]],
        hide_index=True, width="stretch", height=280, key="cell",
        column_config={
            "path": "Scan",
            "said": st.column_config.NumberColumn(f"Probability of {class_text(called)}", format="percent"),
            "tumor_probability": st.column_config.NumberColumn("Tumour probability", format="percent"),
            "answer": "Verdict",
        },
    )  # fmt: skip
