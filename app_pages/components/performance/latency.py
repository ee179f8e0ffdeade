"""Time of a prediction, by step."""

from typing import Final

import streamlit as st

from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check, show_text_table
from braintumor.results.summaries import summarize_latency
from braintumor.results.version import VersionReport

_STEP_TITLES: Final = {
    "read": "Read the file", "standardize": "Preprocess", "infer": "Run the network", "judge": "Decide the verdict",
    "total": "Total",
}  # fmt: skip
_METHOD_TITLES: Final = {
    "whole": "All outputs, out-of-distribution score and verdict",
    "bare": "Class alone",
    "keras": "Keras, model.predict",
}


def show_latency(report: VersionReport) -> None:
    """Show median times with intervals, by step and by method."""
    show_section("Time per scan", "Median milliseconds for one scan, on the machine where it was measured.")
    check = require_check(report, "latency", "Latency")
    if check is None:
        return
    metrics = check.metrics
    st.markdown(summarize_latency(metrics))
    steps = {name: metrics[f"ms@stage:{name}"] for name in _STEP_TITLES if f"ms@stage:{name}" in metrics}
    rows = [
        IntervalRow(_STEP_TITLES[name], metric, f"{metric.plain()} ms", ACCENT if name == "total" else NEUTRAL)
        for name, metric in steps.items()
    ]
    alt = "; ".join(f"{row.label} {row.text}" for row in rows)
    show_chart(plot_intervals(rows, "plain"), f"Median milliseconds by step. {alt}.", "speed", 64 + 38 * len(rows))
    table = {
        title: {"Milliseconds (95% CI)": metrics[f"ms@way:{name}"].plain()}
        for name, title in _METHOD_TITLES.items()
        if f"ms@way:{name}" in metrics
    }
    show_text_table(table, "From the same model input", "speed")
    scans, cores = check.details.get("scans"), check.details.get("cores")
    if isinstance(scans, int) and isinstance(cores, int):
        st.caption(f"Methods alternate scan by scan, over {pluralize(scans, 'scan')}, on {pluralize(cores, 'core')}.")
