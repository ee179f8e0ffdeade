"""Speed: milliseconds by stage, and what mask, map and novelty cost."""

import streamlit as st

from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import section
from app_pages.components.palette import ACCENT, NEUTRAL
from app_pages.components.parts import stage_of, table
from app_pages.components.words import count
from braintumor.evaluation.report import Report
from braintumor.evaluation.sentences import latency_sentence

_STAGES = {
    "read": "Read the file", "standardize": "Make the frame", "infer": "Run the network", "judge": "Judge",
    "total": "All together",
}  # fmt: skip
_WAYS = {"whole": "All outputs, novelty and verdict", "bare": "Class alone", "keras": "Keras, model.predict"}


def show_speed(report: Report) -> None:
    """Medians with intervals, by stage and by way."""
    section("Where the time goes", "Milliseconds for one scan, median of many, on the machine it was measured on.")
    stage = stage_of(report, "latency", "Speed")
    if stage is None:
        return
    metrics = stage.metrics
    st.markdown(latency_sentence(metrics))
    bars = [
        Bar(title, metrics[f"ms@stage:{name}"], f"{metrics[f'ms@stage:{name}'].plain()} ms",
            ACCENT if name == "total" else NEUTRAL)
        for name, title in _STAGES.items()
        if f"ms@stage:{name}" in metrics
    ]  # fmt: skip
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    show(intervals(bars, "plain"), f"Median milliseconds by stage. {said}.", "speed", 64 + 38 * len(bars))
    rows = {
        title: {"Milliseconds (95% interval)": metrics[f"ms@way:{name}"].plain()}
        for name, title in _WAYS.items()
        if f"ms@way:{name}" in metrics
    }
    table(rows, "From the same frame", "speed")
    scans, cores = stage.facts.get("scans"), stage.facts.get("cores")
    if isinstance(scans, int) and isinstance(cores, int):
        st.caption(f"Measured in turn, scan by scan, on {count(scans, 'scan')} and {count(cores, 'core')}.")
