"""Distribution of verdicts and classes, and readings over time."""

from datetime import date, timedelta
from typing import Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.colors import CLASS_COLORS, NEUTRAL, TUMOR_COLOR
from app_pages.components.shared.formatting import VERDICT_TITLES, join_words
from app_pages.components.shared.page import show_section
from braintumor.db.overview.summary import HistorySummary
from braintumor.enums import CLASSES, TUMOR_LABEL, TumorClass, Verdict
from braintumor.reporting.labels import label_title

# Colours for bars that can be distinguished on both backgrounds; badges use those of the theme.
_VERDICT_COLORS: Final = {
    Verdict.TUMOR_SUSPECTED: CLASS_COLORS[TumorClass.GLIOMA],
    Verdict.UNCERTAIN: CLASS_COLORS[TumorClass.PITUITARY],
    Verdict.NO_TUMOR_FOUND: CLASS_COLORS[TumorClass.MENINGIOMA],
    Verdict.NOT_BRAIN_MRI: NEUTRAL,
    Verdict.OUTSIDE_FIELD: NEUTRAL,
}
_BAR_HEIGHT: Final = 30  # pixels
# Longer histories are drawn by month, so that bars stay visible.
_MAX_DAYS: Final = 120


def show_distribution(summary: HistorySummary) -> None:
    """Draw the number of readings by verdict and by most likely class."""
    verdicts, classes = st.columns(2, gap="medium")
    with verdicts:
        show_section("Verdicts")
        counts = [(VERDICT_TITLES[each], summary.by_verdict[each], _VERDICT_COLORS[each]) for each in Verdict]
        _show_bars(counts, "verdicts", "Readings by verdict")
    with classes:
        show_section("Most likely class", "Without readings that were not a brain MRI or outside the model's field.")
        _show_bars(_class_counts(summary), "classes", "Readings by most likely class")


def _class_counts(summary: HistorySummary) -> list[tuple[str, int, str]]:
    labels = [*map(str, CLASSES), TUMOR_LABEL]
    counts = dict.fromkeys(labels, 0)
    for (verdict, result), count in summary.by_result.items():
        if Verdict(verdict).has_result and result in counts:
            counts[result] += count
    if not counts[TUMOR_LABEL]:  # only models without tumour types answer so
        labels.remove(TUMOR_LABEL)
    colors = {**{str(label): color for label, color in CLASS_COLORS.items()}, TUMOR_LABEL: TUMOR_COLOR}
    return [(label_title(label), counts[label], colors[label]) for label in labels]


def _show_bars(bars: list[tuple[str, int, str]], key: str, title: str) -> None:
    total = sum(count for _, count, _ in bars) or 1
    figure = go.Figure(
        go.Bar(
            x=[count for _, count, _ in bars], y=[name for name, _, _ in bars], orientation="h",
            marker_color=[color for _, _, color in bars], width=0.62, cliponaxis=False,
            text=[f"{count:,} ({count / total:.0%})" for _, count, _ in bars], textposition="outside",
            hovertemplate="%{y}: %{x:,}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 1.35 * max(count for _, count, _ in bars) or 1], showticklabels=False, showgrid=False)
    figure.update_yaxes(autorange="reversed", showgrid=False)
    alt = f"{title}: {join_words([f'{name} {count:,}' for name, count, _ in bars])}."
    show_chart(figure, alt, f"dashboard-{key}", 24 + _BAR_HEIGHT * len(bars))


def show_timeline(summary: HistorySummary) -> None:
    """Draw the number of readings by day, or by month if there are many, and verdict."""
    days = [day for day, _ in summary.by_day]
    if not days:
        return
    by_month = max(days) - min(days) > timedelta(days=_MAX_DAYS)
    show_section("Readings over time", f"By {'month' if by_month else 'day'}, in UTC.")
    # In milliseconds; otherwise a single day would be a hair.
    width = (20 if by_month else 0.7) * timedelta(days=1) / timedelta(milliseconds=1)
    figure = go.Figure()
    for verdict in Verdict:
        counts: dict[date, int] = {}
        for (day, each), count in summary.by_day.items():
            if each == verdict:
                start = day.replace(day=1) if by_month else day
                counts[start] = counts.get(start, 0) + count
        if counts:
            figure.add_bar(
                x=sorted(counts), y=[counts[day] for day in sorted(counts)], name=VERDICT_TITLES[verdict],
                marker_color=_VERDICT_COLORS[verdict], width=width,
                hovertemplate="%{x|%Y-%m-%d}: %{y:,}<extra>%{fullData.name}</extra>",
            )  # fmt: skip
    figure.update_layout(barmode="stack", legend={"orientation": "h", "y": 1.18})
    # With few days, bars of a day keep their width.
    figure.update_xaxes(
        range=[min(days) - timedelta(days=20 if by_month else 3), max(days) + timedelta(days=20 if by_month else 3)],
        tickformat="%Y-%m-%d", nticks=7,
    )  # fmt: skip
    figure.update_yaxes(tickformat=",d", rangemode="tozero", nticks=5)
    alt = f"Readings from {min(days)} to {max(days)} by verdict: {summary.readings:,} in all."
    show_chart(figure, alt, "dashboard-timeline", 240, top=40)
