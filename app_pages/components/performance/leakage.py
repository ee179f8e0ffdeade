"""The price of leakage: one recipe under three splits, side by side."""

import pandas as pd
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, metric_value
from app_pages.components.shared.page import show_missing, show_section
from braintumor.enums import Protocol, Split
from braintumor.results.hypotheses import subtract_estimates
from braintumor.results.version import VersionReport, leakage_baseline

_PROTOCOL_TITLES = {
    Protocol.GROUP: "By group: patients and near-duplicates kept together",
    Protocol.OFFICIAL: "Official: the folders as published",
    Protocol.RANDOM: "Random: images dealt one by one",
}
_REPORTED_METRICS = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "loss")


def show_leakage_effect(report: VersionReport) -> None:
    """Test scores of the version under each split, with what they differ by."""
    base = leakage_baseline(report.version)
    show_section(
        "The same recipe under three splits",
        f"Version {base}, each time scored on its own test images. Only the first split is fair.",
    )
    reports = {Protocol.GROUP: cache.get_report(base)}
    reports |= {p: cache.get_report(f"{base}-{p}") for p in (Protocol.OFFICIAL, Protocol.RANDOM)}
    if absent := [other.evaluate_command for other in reports.values() if other.metric(Split.TEST, "accuracy") is None]:
        show_missing("Not all three have been measured. What is missing comes from:", *absent)
    measured = {p: other for p, other in reports.items() if other.metric(Split.TEST, "accuracy") is not None}
    if not measured:
        return
    for metric in ("accuracy", "macro_f1"):
        _show_metric(metric, measured)
    table = {
        protocol.capitalize(): {
            METRIC_TITLES[name]: metric_value(name, estimate)
            for name in _REPORTED_METRICS
            if (estimate := other.metric(Split.TEST, name)) is not None
        }
        for protocol, other in measured.items()
    }
    with st.container(key="numbers-leakage"):
        st.table(pd.DataFrame(table).rename_axis("Metric"), border="horizontal")
    for sentence in _summarize_differences(measured):
        st.markdown(f"- {sentence}")


def _show_metric(metric: str, reports: dict[Protocol, VersionReport]) -> None:
    found = [(p, e) for p, other in reports.items() if (e := other.metric(Split.TEST, metric)) is not None]
    bars = [
        IntervalRow(
            p.capitalize(), e, f"{_PROTOCOL_TITLES[p]}: {e.percent()}", ACCENT if p is Protocol.GROUP else NEUTRAL
        )
        for p, e in found
    ]
    said = "; ".join(f"{_PROTOCOL_TITLES[p]}: {e.percent()}" for p, e in found)
    st.markdown(f"**{METRIC_TITLES[metric]}**")
    show_chart(
        plot_intervals(bars), f"{METRIC_TITLES[metric]} by split. {said}.", f"leakage-{metric}", 64 + 38 * len(bars)
    )


def _summarize_differences(reports: dict[Protocol, VersionReport]) -> list[str]:
    """What each leaky split adds to the score, and whether that is more than noise."""
    fair = reports.get(Protocol.GROUP)
    ours = fair.metric(Split.TEST, "accuracy") if fair else None
    said = []
    for protocol, other in reports.items():
        theirs = other.metric(Split.TEST, "accuracy")
        if ours is None or theirs is None or protocol is Protocol.GROUP:
            continue
        gap = subtract_estimates(theirs, ours)
        clear = gap.interval is not None and (gap.interval[0] > 0 or gap.interval[1] < 0)
        said.append(
            f"The {protocol} split scores {gap.points()} of accuracy against the split by group: "
            f"{'more than noise' if clear else 'not clearly more than noise'}."
        )
    return said
