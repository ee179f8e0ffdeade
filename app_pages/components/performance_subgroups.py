"""Subgroups: the same scores by plane, origin and tumour size."""

import streamlit as st

from app_pages.components.frame import section
from app_pages.components.parts import counted, split_metrics, table
from app_pages.components.words import METRIC_TITLES, metric_value
from braintumor.evaluation.measures import Metrics
from braintumor.evaluation.report import Report
from braintumor.evaluation.sentences import subgroup_sentence

_KINDS = {"plane": "By plane", "origin": "By origin", "size": "By tumour size"}
_SHOWN = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")


def show_subgroups(report: Report) -> None:
    """A table for each way to divide the scans."""
    section("For whom is it worse?", "Where a subgroup has few groups, its interval says how little is known.")
    found = split_metrics(report, "subgroups", "accuracy@", "This version by subgroup")
    if found is None:
        return
    _, metrics = found
    st.markdown(subgroup_sentence(metrics))
    for kind, title in _KINDS.items():
        parts = _parts(metrics, kind)
        if not parts:
            continue
        st.markdown(f"**{title}**")
        rows = {
            part.capitalize() if kind != "origin" else part: {
                METRIC_TITLES[name]: metric_value(name, metrics[f"{name}@{kind}:{part}"])
                for name in _SHOWN
                if f"{name}@{kind}:{part}" in metrics
            } | {"Scans": counted(metrics.get(f"accuracy@{kind}:{part}"))}
            for part in parts
        }  # fmt: skip
        table(rows, kind.capitalize(), f"subgroups-{kind}")


def _parts(metrics: Metrics, kind: str) -> list[str]:
    start = f"accuracy@{kind}:"
    return [name.removeprefix(start) for name in metrics if name.startswith(start)]
