"""Figures of single hypotheses: effect maps, permutation test, learning curve over data size."""

import functools

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import draw_chart, show_chart, style_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import join_words
from braintumor.enums import CLASSES, TumorClass
from braintumor.exploration.figures import plot_effect
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.summaries import summarize_effect
from braintumor.results.hypothesis_status import Experiments
from braintumor.results.metric import Metric


def show_hypothesis_figure(key: str, experiments: Experiments) -> None:
    """Show the figure of a hypothesis, if it has one and it was measured."""
    if key == "differ":
        _show_effect_maps()
        _show_permutation_test(experiments)
    elif key == "growth":
        _show_learning_curve(experiments)
    elif key in ("augmentation", "masks"):
        _show_results_by_seed(experiments, key)


def _show_effect_maps() -> None:
    """Show where each tumour class differs from no tumour, in standard deviations."""
    statistics = cache.get_statistics()
    if statistics is None:
        return
    for column, label in zip(st.columns(3), [c for c in CLASSES if c.is_tumor], strict=True):
        with column:
            st.caption(f"{label.title} minus no tumour")
            draw_chart(*_effect_chart(statistics, label), key=f"effect-{label}")


@functools.lru_cache(maxsize=3)
def _effect_chart(statistics: Statistics, label: TumorClass) -> tuple[go.Figure, str]:
    figure = plot_effect(statistics, label, TumorClass.NOTUMOR)
    figure.update_traces(showscale=False)
    return style_chart(figure, 150), summarize_effect(statistics, label, TumorClass.NOTUMOR)


def _show_permutation_test(experiments: Experiments) -> None:
    """Show the accuracy of the nearest class average, and its distribution under random relabellings."""
    accuracy, null = experiments.metric("visible", "told"), experiments.detail("visible", "null")
    if accuracy is None or not null:
        return
    figure = _permutation_chart(accuracy, tuple(null))
    count = sum(value >= accuracy.value for value in null)
    summary = (
        f"Of {len(null):,} random relabellings of the groups, {count or 'none'} reach the measured "
        f"{accuracy.value:.1%} (p = {experiments.detail('visible', 'p'):.3f}). The highest is {max(null):.1%}."
    )
    draw_chart(figure, summary, "chance")
    st.caption(summary)


@functools.lru_cache(maxsize=2)
def _permutation_chart(accuracy: Metric, null: tuple[float, ...]) -> go.Figure:
    figure = go.Figure(
        go.Histogram(x=null, xbins={"size": 0.01}, marker_color=NEUTRAL, hovertemplate="%{x:.0%}: %{y}<extra></extra>")
    )
    figure.add_vline(x=accuracy.value, line={"color": ACCENT, "width": 3})
    figure.add_annotation(
        x=accuracy.value,
        y=1,
        yref="paper",
        text=f"measured {accuracy.value:.1%}",
        showarrow=False,
        xanchor="right",
        xshift=-6,
    )
    figure.update_xaxes(tickformat=".0%", title="group averages classified correctly, mean over classes")
    figure.update_yaxes(title="random relabellings")
    return style_chart(figure, 190)


def _show_learning_curve(experiments: Experiments) -> None:
    """Show the accuracy at each share of the groups, with the fitted power law of the error rate."""
    points: list[tuple[float, Metric]] = [
        (share, accuracy)
        for share in experiments.detail("growth", "shares", [])
        if (accuracy := experiments.metric("growth", f"accuracy@share:{share:g}"))
    ]
    exponent, level = experiments.metric("growth", "exponent"), experiments.metric("growth", "error@share:1")
    if not points or exponent is None or level is None:
        return
    shares = [0.08 * 1.06**step for step in range(62)]
    line = {"color": NEUTRAL, "dash": "dot"}
    figure = go.Figure(
        go.Scatter(
            x=shares, y=[1 - level.value * share**-exponent.value for share in shares], mode="lines", line=line,
            hovertemplate="%{x:.0%} of the groups: %{y:.1%}<extra>fitted</extra>", showlegend=False,
        )
    )  # fmt: skip
    bounds = [accuracy.interval or (accuracy.value, accuracy.value) for _, accuracy in points]
    figure.add_scatter(
        x=[share for share, _ in points], y=[accuracy.value for _, accuracy in points], mode="markers",
        marker={"size": 10, "color": ACCENT}, showlegend=False,
        error_y={"type": "data", "symmetric": False, "color": ACCENT,
                 "array": [high - accuracy.value for (_, accuracy), (_, high) in zip(points, bounds, strict=True)],
                 "arrayminus": [accuracy.value - low for (_, accuracy), (low, _) in zip(points, bounds, strict=True)]},
        hovertemplate="%{x:.0%} of the groups: %{y:.1%}<extra>measured</extra>",
    )  # fmt: skip
    figure.update_xaxes(type="log", tickvals=[s for s, _ in points], tickformat=".0%", title="share of training groups")
    figure.update_yaxes(tickformat=".0%", title="accuracy")
    measured = join_words(f"{accuracy.value:.1%} at {share:.0%}" for share, accuracy in points)
    low, high = exponent.interval or (exponent.value, exponent.value)
    power = Metric(-exponent.value, (-high, -low)).plain()
    summary = f"Accuracy {measured}. Fitted: the error rate is proportional to the share to the power of {power}."
    show_chart(figure, summary, "growth-curve", 230)
    st.caption(summary)


def _show_results_by_seed(experiments: Experiments, key: str) -> None:
    """Show the result of each seed, with and without."""
    lines = []
    for metric, (with_values, without_values) in experiments.detail(key, "by_seed", {}).items():
        title = metric.replace("_", " ").replace("tumor", "tumour")
        lines.append(f"{title} {_format_shares(with_values)} with, {_format_shares(without_values)} without")
    if lines:
        st.caption(f"By seed: {'; '.join(lines)}.")


def _format_shares(values: list[float]) -> str:
    return ", ".join(f"{value:.1%}" for value in values)
