"""Effect of leakage: one recipe under three protocols."""

from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, metric_value
from app_pages.components.shared.page import show_missing, show_section
from braintumor.enums import Protocol, Split
from braintumor.inference.runs import Run
from braintumor.results.effect_size import subtract_estimates
from braintumor.results.version import VersionReport, leakage_baseline

_PROTOCOL_TITLES: Final = {
    Protocol.GROUP: "By group: patients and near-duplicates kept together",
    Protocol.OFFICIAL: "Official: the folders as published",
    Protocol.RANDOM: "Random: single images",
}
_REPORTED_METRICS: Final = ("accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "loss")


def show_leakage_effect(report: VersionReport) -> None:
    """Show the test scores of one recipe under each protocol, and their differences."""
    version = leakage_baseline(report.version)
    show_section(
        "One recipe under three protocols",
        f"Version {version}, each time tested on its own test images. Only the split by group has no leakage.",
        ("Leakage", "Protocol", "Group"),
    )
    reports = {protocol: cache.get_report(Run(version, protocol).name) for protocol in _PROTOCOL_TITLES}
    is_missing = {protocol: other.metric(Split.TEST, "accuracy") is None for protocol, other in reports.items()}
    if any(is_missing.values()):
        commands = [other.evaluate_command for protocol, other in reports.items() if is_missing[protocol]]
        show_missing("Not all three were evaluated. Run:", *commands)
    measured = {protocol: other for protocol, other in reports.items() if not is_missing[protocol]}
    if not measured:
        return
    for metric in ("accuracy", "macro_f1"):
        _show_metric(metric, measured)
    table = {
        protocol.capitalize(): {
            METRIC_TITLES[name]: metric_value(name, value)
            for name in _REPORTED_METRICS
            if (value := other.metric(Split.TEST, name)) is not None
        }
        for protocol, other in measured.items()
    }
    with st.container(key="numbers-leakage"):
        st.table(pd.DataFrame(table).rename_axis("Metric"), border="horizontal")
    for sentence in _summarize_differences(measured):
        st.markdown(f"- {sentence}")


def _show_metric(name: str, reports: dict[Protocol, VersionReport]) -> None:
    metrics = {protocol: other.metric(Split.TEST, name) for protocol, other in reports.items()}
    rows = [
        IntervalRow(
            protocol.capitalize(), metric, f"{_PROTOCOL_TITLES[protocol]}: {metric.percent()}",
            ACCENT if protocol is Protocol.GROUP else NEUTRAL,
        )
        for protocol, metric in metrics.items() if metric is not None
    ]  # fmt: skip
    alt = "; ".join(row.text for row in rows)
    st.markdown(f"**{METRIC_TITLES[name]}**")
    show_chart(plot_intervals(rows), f"{METRIC_TITLES[name]} by split. {alt}.", f"leakage-{name}", 64 + 38 * len(rows))


def _summarize_differences(reports: dict[Protocol, VersionReport]) -> list[str]:
    """Say how much each leaky protocol adds to the accuracy, and whether that is significant."""
    group_report = reports.get(Protocol.GROUP)
    group_accuracy = group_report.metric(Split.TEST, "accuracy") if group_report else None
    sentences = []
    for protocol, other in reports.items():
        accuracy = other.metric(Split.TEST, "accuracy")
        if group_accuracy is None or accuracy is None or protocol is Protocol.GROUP:
            continue
        difference = subtract_estimates(accuracy, group_accuracy)
        low, high = difference.interval or (-1.0, 1.0)
        sentences.append(
            f"Accuracy on the {protocol} split minus the split by group: {difference.describe('points')}, "
            f"{'significant' if low > 0 or high < 0 else 'not significant'}."
        )
    return sentences
