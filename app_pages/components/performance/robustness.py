"""Robustness to corruptions, and sanity checks of the explanations."""

from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL, TUMOR_COLOR
from app_pages.components.shared.formatting import METRIC_TITLES, metric_format
from app_pages.components.shared.links import choose_segment
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check
from braintumor.enums import Split
from braintumor.results.stress_test import StressTestResult
from braintumor.results.summaries import (
    summarize_explanation_sanity,
    summarize_robustness,
    summarize_robustness_sample,
)
from braintumor.results.version import VersionReport

_REPORTED_METRICS: Final = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")
# Colours of Okabe and Ito, each with another marker.
_CORRUPTION_STYLES: Final = {
    "noise": ("#0072B2", "circle"), "blur": ("#E69F00", "square"), "jpeg": ("#009E73", "diamond"),
    "contrast": ("#CC79A7", "cross"), "rotation": ("#D55E00", "triangle-up"), "scaling": ("#7F8C99", "x"),
}  # fmt: skip


def show_robustness(report: VersionReport) -> None:
    """Show scores under corruptions, then the sanity checks."""
    show_section(
        "Corrupted scans",
        "The same sample of test scans, with each corruption at five severities.",
        ("Robustness sample", "Dice, intersection over union (IoU)"),
    )
    if check := require_check(report, "robustness", "Robustness"):
        st.caption(summarize_robustness_sample(check.metrics, report.evaluation.get(Split.TEST, {})))
        _show_corruptions(check)
    show_section(
        "Do explanations depend on the model?", "Sanity checks of the heat map on tumour scans.", ("Heat map",)
    )
    if check := require_check(report, "sanity", "Sanity of explanations"):
        _show_explanation_sanity(check)


def _show_corruptions(check: StressTestResult) -> None:
    st.markdown(summarize_robustness(check.metrics, check.curves))
    names = [name for name in _REPORTED_METRICS if name in check.metrics]
    name = choose_segment("Score", names, "robustness-metric", format_func=METRIC_TITLES.__getitem__)
    figure, summary = plot_corruptions(check, name)
    show_chart(figure, summary, f"robustness-{name}", 420, values=lambda: corruption_table(check, name))
    units = check.details.get("units")
    if isinstance(units, dict):
        lines = [
            f"{_corruption_title(name)}: {units[name]}, {', '.join(f'{s:g}' for s in curve['strength'].dropna())}."
            for name, curve in check.curves.items()
            if name in units and "strength" in curve
        ]
        st.caption("  \n".join(lines))


def plot_corruptions(check: StressTestResult, metric: str) -> tuple[go.Figure, str]:
    """Plot a metric by severity, one line per corruption; return the figure and a summary."""
    figure, sentences, form = go.Figure(), [], metric_format(metric)
    for name, curve in check.curves.items():
        if metric not in curve or "strength" not in curve:
            continue
        color, symbol = _CORRUPTION_STYLES.get(name, (NEUTRAL, "circle"))
        low, high = (curve.get(f"{metric}_{end}", curve[metric]) for end in ("low", "high"))
        figure.add_scatter(
            x=list(range(len(curve))), y=curve[metric], name=_corruption_title(name), mode="lines+markers",
            line={"color": color, "width": 2}, marker={"symbol": symbol, "size": 9, "color": color},
            customdata=list(zip(curve["strength"], low, high, strict=True)),
            hovertemplate=f"{_corruption_title(name)} %{{customdata[0]}}: %{{y:{form}}} "
            f"(%{{customdata[1]:{form}}} to %{{customdata[2]:{form}}})<extra></extra>",
        )  # fmt: skip
        first, last = (format(curve[metric].iloc[index], form) for index in (0, -1))
        sentences.append(f"{name} from {first} to {last}")
    figure.update_xaxes(title="Severity (0: no corruption)", dtick=1)
    figure.update_yaxes(title=METRIC_TITLES[metric], tickformat=".1f" if form == ".2f" else ".0%", nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0})
    return figure, f"{METRIC_TITLES[metric]} without corruption and at the highest severity: {'; '.join(sentences)}."


def corruption_table(check: StressTestResult, metric: str) -> pd.DataFrame:
    """Tabulate a metric by corruption and severity, with its interval."""
    curves = [curve.assign(corruption=name) for name, curve in check.curves.items() if metric in curve]
    table = pd.concat([curve.rename_axis("severity").reset_index() for curve in curves], ignore_index=True)
    columns = ("corruption", "severity", "strength", metric, f"{metric}_low", f"{metric}_high")
    return table[[column for column in columns if column in table]]


def _show_explanation_sanity(check: StressTestResult) -> None:
    st.markdown(summarize_explanation_sanity(check.metrics))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Layers randomized, from output to input**")
        curve = check.curves.get("randomized", pd.DataFrame())
        lines = {"map_agreement": ("Heat map", ACCENT, "solid"), "mask_agreement": ("Mask", TUMOR_COLOR, "dash")}
        _show_lines(curve, lines, "Share of layers randomized", "Rank correlation", "randomized", "")
    with right:
        method = choose_segment("Pixels", ["deletion", "insertion"], "sanity-kind", format_func=str.capitalize)
        lines = {"map": ("In the order of the map", ACCENT, "solid"), "random": ("In random order", NEUTRAL, "dash")}
        action = "deleted" if method == "deletion" else "inserted"
        curve = check.curves.get(method, pd.DataFrame())
        _show_lines(curve, lines, f"Share of pixels {action}", "Probability of the class", method, ".0%")


def _show_lines(
    curve: pd.DataFrame, lines: dict[str, tuple[str, str, str]], x: str, y: str, key: str, tick_format: str
) -> None:
    if "share" not in curve:
        return
    figure, sentences = go.Figure(), []
    for name, (title, color, dash) in lines.items():
        if name in curve:
            figure.add_scatter(x=curve["share"], y=curve[name], name=title, mode="lines",
                               line={"color": color, "width": 2.5, "dash": dash})  # fmt: skip
            sentences.append(f"{title} from {curve[name].iloc[0]:.2f} to {curve[name].iloc[-1]:.2f}")
    figure.update_xaxes(title=x, tickformat=".0%", nticks=6)
    figure.update_yaxes(title=y, tickformat=tick_format, nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.28, "x": 0})
    show_chart(figure, f"{y} against {x.lower()}: {'; '.join(sentences)}.", key, 340)


def _corruption_title(corruption: str) -> str:
    return "JPEG" if corruption == "jpeg" else corruption.capitalize()
