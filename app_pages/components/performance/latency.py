"""Speed: milliseconds by stage, and what mask, map and novelty cost."""

import streamlit as st

from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check, show_text_table
from braintumor.results.summaries import summarize_latency
from braintumor.results.version import VersionReport

_STEP_TITLES = {
    "read": "Read the file", "standardize": "Make the frame", "infer": "Run the network", "judge": "Judge",
    "total": "All together",
}  # fmt: skip
_METHOD_TITLES = {"whole": "All outputs, novelty and verdict", "bare": "Class alone", "keras": "Keras, model.predict"}


def show_latency(report: VersionReport) -> None:
    """Medians with intervals, by stage and by way."""
    show_section("Where the time goes", "Milliseconds for one scan, median of many, on the machine it was measured on.")
    stage = require_check(report, "latency", "Speed")
    if stage is None:
        return
    metrics = stage.metrics
    st.markdown(summarize_latency(metrics))
    bars = [
        IntervalRow(title, metrics[f"ms@stage:{name}"], f"{metrics[f'ms@stage:{name}'].plain()} ms",
            ACCENT if name == "total" else NEUTRAL)
        for name, title in _STEP_TITLES.items()
        if f"ms@stage:{name}" in metrics
    ]  # fmt: skip
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    show_chart(plot_intervals(bars, "plain"), f"Median milliseconds by stage. {said}.", "speed", 64 + 38 * len(bars))
    rows = {
        title: {"Milliseconds (95% interval)": metrics[f"ms@way:{name}"].plain()}
        for name, title in _METHOD_TITLES.items()
        if f"ms@way:{name}" in metrics
    }
    show_text_table(rows, "From the same frame", "speed")
    scans, cores = stage.details.get("scans"), stage.details.get("cores")
    if isinstance(scans, int) and isinstance(cores, int):
        st.caption(f"Measured in turn, scan by scan, on {pluralize(scans, 'scan')} and {pluralize(cores, 'core')}.")
