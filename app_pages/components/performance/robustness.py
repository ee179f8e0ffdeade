"""Robustness and sanity: scores under disturbances, and whether explanations depend on what they should."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL, TUMOR_COLOR
from app_pages.components.shared.formatting import METRIC_TITLES, metric_format
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check
from braintumor.results.study import StudyCheck
from braintumor.results.summaries import summarize_explanation_sanity, summarize_robustness
from braintumor.results.version import VersionReport

_REPORTED_METRICS = ("accuracy", "tumor_sensitivity", "tumor_specificity", "dice")
# Okabe and Ito's colours, each with a marker of its own beside.
_CORRUPTION_STYLES = {
    "noise": ("#0072B2", "circle"), "blur": ("#E69F00", "square"), "jpeg": ("#009E73", "diamond"),
    "contrast": ("#CC79A7", "cross"), "rotation": ("#D55E00", "triangle-up"), "scaling": ("#7F8C99", "x"),
}  # fmt: skip


def show_robustness(report: VersionReport) -> None:
    """Curves of disturbances, then of explanations."""
    show_section("Disturbed scans", "The same test scans, each kind of disturbance at five strengths.")
    if stage := require_check(report, "robustness", "Robustness"):
        _show_corruptions(stage)
    show_section("Do explanations depend on the model?", "Checks of the class map on tumour scans.")
    if stage := require_check(report, "sanity", "The sanity of explanations"):
        _show_explanation_sanity(stage)


def _show_corruptions(check: StudyCheck) -> None:
    st.markdown(summarize_robustness(check.metrics, check.curves))
    names = [name for name in _REPORTED_METRICS if name in check.metrics]
    name = st.segmented_control(
        "Score", names, default=names[0], format_func=METRIC_TITLES.__getitem__, key="robustness-metric", required=True
    )
    figure, said = plot_corruptions(check, name)
    show_chart(figure, said, f"robustness-{name}", 420)
    units = check.details.get("units")
    if isinstance(units, dict):
        lines = [
            f"{_corruption_title(kind)}: {units[kind]}, {', '.join(f'{s:g}' for s in curve['strength'].dropna())}."
            for kind, curve in check.curves.items()
            if kind in units and "strength" in curve
        ]
        st.caption("  \n".join(lines))


def plot_corruptions(check: StudyCheck, name: str) -> tuple[go.Figure, str]:
    """A score by strength, one line a disturbance, with the sentence that says the same."""
    figure, said, form = go.Figure(), [], metric_format(name)
    for kind, curve in check.curves.items():
        if name not in curve or "strength" not in curve:
            continue
        color, symbol = _CORRUPTION_STYLES.get(kind, (NEUTRAL, "circle"))
        low, high = (curve.get(f"{name}_{end}", curve[name]) for end in ("low", "high"))
        figure.add_scatter(
            x=list(range(len(curve))), y=curve[name], name=_corruption_title(kind), mode="lines+markers",
            line={"color": color, "width": 2}, marker={"symbol": symbol, "size": 9, "color": color},
            customdata=list(zip(curve["strength"], low, high, strict=True)),
            hovertemplate=f"{_corruption_title(kind)} %{{customdata[0]}}: %{{y:{form}}} "
            f"(%{{customdata[1]:{form}}} to %{{customdata[2]:{form}}})<extra></extra>",
        )  # fmt: skip
        said.append(f"{kind} from {format(curve[name].iloc[0], form)} to {format(curve[name].iloc[-1], form)}")
    figure.update_xaxes(title="Strength (0 is undisturbed)", dtick=1)
    figure.update_yaxes(title=METRIC_TITLES[name], tickformat=".1f" if form == ".2f" else ".0%", nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0})
    return figure, f"{METRIC_TITLES[name]} from undisturbed to the strongest disturbance: {'; '.join(said)}."


def _show_explanation_sanity(check: StudyCheck) -> None:
    st.markdown(summarize_explanation_sanity(check.metrics))
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown("**Layers randomized, from the answer down**")
        curve = check.curves.get("randomized", pd.DataFrame())
        columns = {"map_agreement": ("Class map", ACCENT, "solid"), "mask_agreement": ("Mask", TUMOR_COLOR, "dash")}
        _show_lines(curve, columns, "Share of layers randomized", "Rank correlation", "randomized", "")
    with right:
        kind = st.segmented_control(
            "Pixels", ["deletion", "insertion"], default="deletion", format_func=str.capitalize, key="sanity-kind",
            required=True,
        )  # fmt: skip
        columns = {"map": ("In the map's order", ACCENT, "solid"), "random": ("Map's cells shuffled", NEUTRAL, "dash")}
        what = "taken away" if kind == "deletion" else "put back"
        curve = check.curves.get(kind, pd.DataFrame())
        _show_lines(curve, columns, f"Share of pixels {what}", "Probability of the class", kind, ".0%")


def _show_lines(
    curve: pd.DataFrame, columns: dict[str, tuple[str, str, str]], x: str, y: str, key: str, form: str
) -> None:
    if "share" not in curve:
        return
    figure, said = go.Figure(), []
    for name, (title, color, dash) in columns.items():
        if name in curve:
            figure.add_scatter(x=curve["share"], y=curve[name], name=title, mode="lines",
                               line={"color": color, "width": 2.5, "dash": dash})  # fmt: skip
            said.append(f"{title} from {curve[name].iloc[0]:.2f} to {curve[name].iloc[-1]:.2f}")
    figure.update_xaxes(title=x, tickformat=".0%", nticks=6)
    figure.update_yaxes(title=y, tickformat=form, nticks=6)
    figure.update_layout(legend={"orientation": "h", "y": -0.28, "x": 0})
    show_chart(figure, f"{y} against {x.lower()}: {'; '.join(said)}.", key, 340)


def _corruption_title(corruption: str) -> str:
    return "JPEG" if corruption == "jpeg" else corruption.capitalize()
