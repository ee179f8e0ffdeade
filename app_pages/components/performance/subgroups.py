"""Metrics by plane, source dataset and tumour size."""

from typing import Final

import streamlit as st

from app_pages.components.shared.formatting import METRIC_TITLES, metric_value
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import choose_split_metrics, short_sample_size_text, show_text_table
from braintumor.results.metric import Metrics
from braintumor.results.summaries import summarize_subgroups
from braintumor.results.version import VersionReport

_ATTRIBUTE_TITLES: Final = {"plane": "Plane", "origin": "Source dataset", "size": "Tumour size"}
_REPORTED_METRICS: Final = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def show_subgroups(report: VersionReport) -> None:
    """Show a table for each attribute."""
    show_section(
        "For whom is it worse?",
        "Subgroups of few patients have wide confidence intervals.",
        ("Confidence interval", "Group", "Sensitivity, specificity", "Dice, intersection over union (IoU)"),
    )
    selection = choose_split_metrics(report, "subgroups", "accuracy@", "Metrics by subgroup")
    if selection is None:
        return
    _, metrics = selection
    st.markdown(summarize_subgroups(metrics))
    for attribute, title in _ATTRIBUTE_TITLES.items():
        rows = subgroup_rows(metrics, attribute)
        if rows:
            st.markdown(f"**By {title.lower()}**")
            show_text_table(rows, title, f"subgroups-{attribute}")


def subgroup_rows(metrics: Metrics, attribute: str) -> dict[str, dict[str, str]]:
    """Return the texts of each subgroup, with the same columns in the same order; empty where not measured."""
    prefix = f"accuracy@{attribute}:"
    values = [name.removeprefix(prefix) for name in metrics if name.startswith(prefix)]
    names = [name for name in _REPORTED_METRICS if any(f"{name}@{attribute}:{value}" in metrics for value in values)]
    return {
        value if attribute == "origin" else value.capitalize(): {
            "Scans": short_sample_size_text(metrics.get(f"{prefix}{value}"))
        }
        | {
            METRIC_TITLES[name]: metric_value(name, metric)
            if (metric := metrics.get(f"{name}@{attribute}:{value}"))
            else ""
            for name in names
        }
        for value in values
    }
