"""Confusion matrix, ROC curve, precision-recall curve and reliability diagram of one split."""

import functools
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from app_pages.components.shared.charts import style_chart
from app_pages.components.shared.colors import ACCENT, CLASS_COLORS, NEUTRAL, SHARE_SCALE, TUMOR_COLOR
from braintumor.enums import CLASS_NAMES, CLASSES
from braintumor.reporting.labels import label_title
from braintumor.results.metric import BINARY_LABELS, CurvePoints, Curves

_LABEL_TITLES: Final = {len(names): [label_title(name) for name in names] for names in (CLASS_NAMES, BINARY_LABELS)}
_LINES: Final = {"tumor": ("Any tumour", TUMOR_COLOR), **{str(c): (c.title, CLASS_COLORS[c]) for c in CLASSES}}
_DIAGONAL: Final = {"dash": "dot", "width": 1.5, "color": NEUTRAL}


@functools.lru_cache(maxsize=32)
def plot_confusion(counts: tuple[tuple[int, ...], ...], as_shares: bool) -> tuple[go.Figure, str]:
    """Plot the confusion matrix, coloured by the share of each true class; return the styled figure and a summary."""
    titles = _LABEL_TITLES[len(counts)]
    shares = [[n / sum(row) if sum(row) else 0.0 for n in row] for row in counts]
    text = [[f"{s:.0%}" for s in row] for row in shares] if as_shares else [[f"{n:,}" for n in row] for row in counts]
    figure = go.Figure(
        go.Heatmap(
            z=shares, x=titles, y=titles, zmin=0, zmax=1, colorscale=SHARE_SCALE, showscale=False, xgap=3, ygap=3,
            hoverinfo="skip",
        )
    )  # fmt: skip
    figure.add_trace(_clickable_cells(counts, shares))
    for y, row in enumerate(text):
        for x, cell in enumerate(row):
            dark = {"color": "#FFFFFF"} if shares[y][x] > 0.55 else {}  # the text colour of the theme on light cells
            figure.add_annotation(x=x, y=y, text=cell, showarrow=False, font={"size": 15, **dark})
    edge = len(titles) - 0.5
    figure.update_xaxes(title="Predicted class", side="bottom", showgrid=False, range=[-0.5, edge])
    figure.update_yaxes(title="True class", range=[edge, -0.5], showgrid=False)
    summary = "; ".join(
        f"{title}: "
        + ", ".join(f"{n:,} predicted as {predicted.lower()}" for n, predicted in zip(row, titles, strict=True))
        for title, row in zip(titles, counts, strict=True)
    )
    return style_chart(figure, 400), f"Confusion matrix, rows are true classes. {summary}."


def confusion_table(counts: tuple[tuple[int, ...], ...]) -> pd.DataFrame:
    """Tabulate the numbers of images: one row per true class, one column per predicted class."""
    titles = _LABEL_TITLES[len(counts)]
    return pd.DataFrame(counts, index=pd.Index(titles, name="True class"), columns=titles).reset_index()


def _clickable_cells(counts: tuple[tuple[int, ...], ...], shares: list[list[float]]) -> go.Scatter:
    """Make invisible points over the cells: a heat map cannot be clicked, points can."""
    titles = _LABEL_TITLES[len(counts)]
    cells = [(truth, predicted) for truth in range(len(titles)) for predicted in range(len(titles))]
    invisible = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=[titles[predicted] for _, predicted in cells], y=[titles[truth] for truth, _ in cells], mode="markers",
        marker={"symbol": "square", "size": 64, "opacity": 0}, selected=invisible, unselected=invisible,
        showlegend=False,
        customdata=[[counts[truth][predicted], shares[truth][predicted]] for truth, predicted in cells],
        hovertemplate="True %{y}, predicted %{x}<br>%{customdata[0]:,} images, %{customdata[1]:.1%} of the class"
        "<extra></extra>",
    )  # fmt: skip


def plot_roc(curves: Curves) -> go.Figure:
    """Plot sensitivity against the false positive rate, one line per class."""
    figure = _plot_lines(curves.roc)
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=_DIAGONAL)
    figure.update_xaxes(title="False positive rate (1 - specificity)")
    figure.update_yaxes(title="Sensitivity")
    return figure


def plot_precision_recall(curves: Curves) -> go.Figure:
    """Plot precision against recall, one line per class."""
    figure = _plot_lines(curves.pr)
    figure.update_xaxes(title="Recall (sensitivity)")
    figure.update_yaxes(title="Precision")
    return figure


def _plot_lines(points: dict[str, CurvePoints]) -> go.Figure:
    figure = go.Figure()
    for name, (title, color) in _LINES.items():
        if name not in points:
            continue
        x, y = points[name]
        width = 3 if name == "tumor" else 2
        figure.add_scatter(
            x=x, y=y, name=title, mode="lines", line={"color": color, "width": width},
            hovertemplate=f"{title}: %{{x:.1%}}, %{{y:.1%}}<extra></extra>",
        )  # fmt: skip
    ticks = [0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.update_xaxes(range=[-0.01, 1.02], tickformat=".0%", tickvals=ticks)
    figure.update_yaxes(range=[-0.01, 1.03], tickformat=".0%", tickvals=ticks)
    figure.update_layout(legend={"orientation": "h", "y": -0.22, "x": 0})
    return figure


def plot_reliability(curves: Curves) -> tuple[go.Figure, str]:
    """Plot the share of correct predictions by confidence; return the figure and a summary."""
    bins = curves.reliability
    largest = float(bins["count"].max()) if len(bins) else 1.0
    sizes = [8 + 26 * (float(n) / largest) ** 0.5 for n in bins["count"]]
    figure = go.Figure(
        go.Scatter(
            x=bins["confidence"], y=bins["accuracy"], mode="lines+markers", customdata=bins["count"],
            marker={"size": sizes, "color": ACCENT, "opacity": 0.85, "line": {"width": 0}},
            line={"color": ACCENT, "width": 1.5},
            hovertemplate="Confidence %{x:.0%}, correct %{y:.0%}<br>%{customdata:,} images<extra></extra>",
        )
    )  # fmt: skip
    figure.add_shape(type="line", x0=0, y0=0, x1=1, y1=1, line=_DIAGONAL)
    figure.update_xaxes(title="Confidence in the prediction", range=[0, 1.05], tickformat=".0%", nticks=6)
    figure.update_yaxes(title="Share of correct predictions", range=[0, 1.08], tickformat=".0%", nticks=6)
    summary = "; ".join(
        f"{n:,.0f} images at {c:.0%} confidence, {a:.0%} correct"
        for c, a, n in zip(bins["confidence"], bins["accuracy"], bins["count"], strict=True)
    )
    return figure, f"Reliability. {summary}."
