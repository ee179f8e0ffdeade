"""Subgroups: the same scores by plane, origin and tumour size."""

import streamlit as st

from app_pages.components.shared.formatting import METRIC_TITLES, metric_value
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import choose_split_metrics, short_sample_size_text, show_text_table
from braintumor.results.metric import Metrics
from braintumor.results.summaries import summarize_subgroups
from braintumor.results.version import VersionReport

_SUBGROUP_TITLES = {"plane": "By plane", "origin": "By origin", "size": "By tumour size"}
_REPORTED_METRICS = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def show_subgroups(report: VersionReport) -> None:
    """A table for each way to divide the scans."""
    show_section("For whom is it worse?", "Where a subgroup has few groups, its interval says how little is known.")
    found = choose_split_metrics(report, "subgroups", "accuracy@", "This version by subgroup")
    if found is None:
        return
    _, metrics = found
    st.markdown(summarize_subgroups(metrics))
    for kind, title in _SUBGROUP_TITLES.items():
        parts = _subgroup_values(metrics, kind)
        if not parts:
            continue
        st.markdown(f"**{title}**")
        rows = {
            part.capitalize() if kind != "origin" else part: {
                METRIC_TITLES[name]: metric_value(name, metrics[f"{name}@{kind}:{part}"])
                for name in _REPORTED_METRICS
                if f"{name}@{kind}:{part}" in metrics
            } | {"Scans": short_sample_size_text(metrics.get(f"accuracy@{kind}:{part}"))}
            for part in parts
        }  # fmt: skip
        show_text_table(rows, kind.capitalize(), f"subgroups-{kind}")


def _subgroup_values(metrics: Metrics, attribute: str) -> list[str]:
    start = f"accuracy@{attribute}:"
    return [name.removeprefix(start) for name in metrics if name.startswith(start)]
