"""Uncertainty: verdicts, risk-coverage curve and prediction sets."""

from typing import Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import ACCENT, TUMOR_COLOR
from app_pages.components.shared.formatting import VERDICT_TITLES, metric_value
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.shared.tables import choose_split_metrics, show_text_table
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, Verdict
from braintumor.reporting.labels import label_title
from braintumor.results.metric import CurvePoints, Curves, Metrics
from braintumor.results.summaries import summarize_prediction_sets, summarize_uncertainty
from braintumor.results.version import VersionReport

_LINES: Final = {
    "classes": ("The four classes", ACCENT, "solid"),
    "tumor": ("Tumour or no tumour", TUMOR_COLOR, "dash"),
}
_VERDICT_COLUMNS: Final = {
    "share": "Of all scans",
    "tumors": "Of tumour scans",
    "tumor_free": "Of tumour-free scans",
    "error": "Wrong among them",
}


def show_uncertainty(report: VersionReport) -> None:
    """Show verdicts, the risk-coverage curve and prediction sets."""
    show_section("Verdicts", "At the shipped thresholds, with 95% confidence intervals.", ("Verdict", "Thresholds"))
    selection = choose_split_metrics(report, "certainty", "aurc", "Uncertainty")
    if selection is None:
        return
    split, metrics = selection
    st.markdown(summarize_uncertainty(metrics))
    show_text_table(_verdict_rows(metrics), "Verdict", "verdicts")
    show_section(
        "Risk-coverage curve",
        "The error rate among the most certain scans, by the share that is classified.",
        ("Risk-coverage curve (AURC)",),
    )
    curves = report.curves.get(split, Curves()).risk_coverage
    if curves:
        area = metrics["aurc"].plain() if "aurc" in metrics else "not measured"
        alt = f"Error rate against the share of scans that are classified. Area {area}."
        show_chart(plot_risk_coverage(curves), alt, "risk", 380)
    else:
        show_missing("There is no risk-coverage curve for these images. Run:", report.evaluate_command)
    show_section(
        "Prediction sets",
        "The classes that cannot be ruled out, calibrated to contain the true class in 95% of scans.",
        ("Conformal prediction set",),
    )
    st.markdown(summarize_prediction_sets(metrics))
    show_text_table(_prediction_set_rows(metrics), "Class", "sets")


def plot_risk_coverage(curves: dict[str, CurvePoints]) -> go.Figure:
    """Plot one line for the four classes, and one for tumour or no tumour."""
    figure = go.Figure()
    for name, (title, color, dash) in _LINES.items():
        if name in curves:
            x, y = curves[name]
            figure.add_scatter(
                x=x, y=y, name=title, mode="lines", line={"color": color, "width": 2.5, "dash": dash},
                hovertemplate=f"{title}: most certain %{{x:.0%}}, %{{y:.1%}} wrong<extra></extra>",
            )  # fmt: skip
    figure.update_xaxes(title="Share of scans classified", range=[0, 1.02], tickformat=".0%", nticks=6)
    figure.update_yaxes(title="Error rate", rangemode="tozero", tickformat=".0%", nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0})
    return figure


def _verdict_rows(metrics: Metrics) -> dict[str, dict[str, str]]:
    return {
        VERDICT_TITLES[verdict]: {
            title: metrics[f"{name}@verdict:{verdict}"].percent()
            for name, title in _VERDICT_COLUMNS.items()
            if f"{name}@verdict:{verdict}" in metrics
        }
        for verdict in Verdict
        if f"share@verdict:{verdict}" in metrics
    }


def _prediction_set_rows(metrics: Metrics) -> dict[str, dict[str, str]]:
    suffixes = {"All": "", **{label_title(name): f"/{name}" for name in (*CLASS_NAMES, TUMOR_LABEL)}}
    return {
        title: {
            "Contain the true class": metrics[f"set_coverage{suffix}"].percent(),
            "Classes per set": metric_value("set_size", metrics[f"set_size{suffix}"]),
        }
        for title, suffix in suffixes.items()
        if f"set_coverage{suffix}" in metrics and f"set_size{suffix}" in metrics
    }
