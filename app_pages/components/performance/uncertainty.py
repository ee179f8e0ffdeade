"""How sure: verdicts, risk against coverage, and prediction sets."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import ACCENT, TUMOR_COLOR
from app_pages.components.shared.formatting import VERDICT_TITLES, metric_value
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.shared.tables import choose_split_metrics, show_text_table
from braintumor.enums import CLASS_NAMES, TUMOR_LABEL, Verdict
from braintumor.reporting.labels import label_title
from braintumor.results.metric import Curves, Metrics
from braintumor.results.summaries import summarize_prediction_sets, summarize_uncertainty
from braintumor.results.version import VersionReport

_LINES = {"classes": ("The four classes", ACCENT, "solid"), "tumor": ("Tumour or none", TUMOR_COLOR, "dash")}


def render_uncertainty(report: VersionReport) -> None:
    """What is gained by leaving unsure scans to a reader."""
    show_section("What it leaves to the reader", "Verdicts at the thresholds the version ships with.")
    found = choose_split_metrics(report, "certainty", "aurc", "Risk against coverage")
    if found is None:
        return
    split, metrics = found
    st.markdown(summarize_uncertainty(metrics))
    show_text_table(_verdict_rows(metrics), "Verdict", "verdicts")
    show_section(
        "Risk against coverage", "How often it errs among the scans it is surest of, as it answers more of them."
    )
    curves = report.curves.get(split, Curves()).risk_coverage
    if curves:
        figure = plot_risk_coverage(curves)
        area = metrics["aurc"].plain() if "aurc" in metrics else "not measured"
        show_chart(figure, f"Share of wrong answers against the share of scans answered. Area {area}.", "risk", 380)
    else:
        show_missing("There is no such curve for these images. Write it with:", report.evaluate_command)
    show_section("Prediction sets", "All classes that cannot be ruled out, so that the true one is in 95% of the sets.")
    st.markdown(summarize_prediction_sets(metrics))
    show_text_table(_prediction_set_rows(metrics), "Class", "sets")


def plot_risk_coverage(curves: dict[str, tuple[tuple[float, ...], tuple[float, ...]]]) -> go.Figure:
    """One line for each question."""
    figure = go.Figure()
    for name, (title, color, dash) in _LINES.items():
        if name in curves:
            x, y = curves[name]
            figure.add_scatter(
                x=x, y=y, name=title, mode="lines", line={"color": color, "width": 2.5, "dash": dash},
                hovertemplate=f"{title}: of the surest %{{x:.0%}}, %{{y:.1%}} wrong<extra></extra>",
            )  # fmt: skip
    figure.update_xaxes(title="Share of the scans answered", range=[0, 1.02], tickformat=".0%", nticks=6)
    figure.update_yaxes(title="Wrong among them", rangemode="tozero", tickformat=".0%", nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0})
    return figure


def _verdict_rows(metrics: Metrics) -> dict[str, dict[str, str]]:
    titles = {
        "share": "Of all scans",
        "tumors": "Of tumour scans",
        "healthy": "Of healthy scans",
        "error": "Wrong among them",
    }
    return {
        VERDICT_TITLES[verdict]: {
            title: metrics[f"{name}@verdict:{verdict}"].percent()
            for name, title in titles.items()
            if f"{name}@verdict:{verdict}" in metrics
        }
        for verdict in Verdict
        if f"share@verdict:{verdict}" in metrics
    }


def _prediction_set_rows(metrics: Metrics) -> dict[str, dict[str, str]]:
    parts = {"All": "", **{label_title(name): f"/{name}" for name in (*CLASS_NAMES, TUMOR_LABEL)}}
    return {
        title: {
            "Hold the truth": metrics[f"set_coverage{part}"].percent(),
            "Classes named": metric_value("set_size", metrics[f"set_size{part}"]),
        }
        for title, part in parts.items()
        if f"set_coverage{part}" in metrics and f"set_size{part}" in metrics
    }
