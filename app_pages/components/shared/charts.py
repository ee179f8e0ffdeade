"""Charts shared by several pages. Every chart needs a text alternative."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.chart_downloads import Values, show_chart_downloads
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from braintumor.results.metric import Metric

_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_GRID_COLOR: Final = "rgba(127,140,153,0.22)"


def show_chart(
    figure: go.Figure,
    alt: str,
    key: str,
    height: int,
    zoom: bool = False,
    top: int = 8,
    on_select: Callable[[], None] | None = None,
    values: Values | None = None,
) -> None:
    """Show a figure in the colours of the theme, with its downloads.

    Parameters
    ----------
    alt : str
        Text alternative: what the figure shows.
    height : int
        In pixels.
    top : int
        Space above the plot, in pixels.
    zoom : bool
        Whether dragging zooms. Off by default, so that swiping scrolls the page on a phone.
    on_select : callable, optional
        Called when a point is clicked; the selection is in the session state under `key`.
    values : callable, optional
        Makes the table of the CSV; the values of the figure by default.
    """
    style_chart(figure, height, zoom, top)
    draw_chart(figure, alt, key, values, on_select=on_select or "ignore", selection_mode="points")


def style_chart(figure: go.Figure, height: int, zoom: bool = False, top: int = 8) -> go.Figure:
    """Give a figure size, margins and grid, as `show_chart` does; return it, to be kept and drawn with `draw_chart`."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": top, "b": 8},
        dragmode="zoom" if zoom else False,
        hovermode="closest",
    )
    figure.update_xaxes(fixedrange=not zoom, automargin=True, gridcolor=_GRID_COLOR, zerolinecolor=_GRID_COLOR)
    figure.update_yaxes(fixedrange=not zoom, automargin=True, gridcolor=_GRID_COLOR, zerolinecolor=_GRID_COLOR)
    return figure


def draw_chart(figure: go.Figure, alt: str, key: str, values: Values | None = None, **selection: Any) -> None:
    """Draw a figure as it is, with its downloads; the only place that calls `st.plotly_chart`.

    Parameters
    ----------
    selection
        Options `on_select` and `selection_mode` of `st.plotly_chart`.
    """
    with st.container(key=f"chart-with-downloads-{key}", gap=None):
        st.plotly_chart(figure, width="stretch", theme="streamlit", config=_CONFIG, alt=alt, key=key, **selection)
        show_chart_downloads(figure, key, values)


class IntervalRow(NamedTuple):
    """One row of `plot_intervals`: a metric, and its target if it has one."""

    label: str
    estimate: Metric
    text: str
    color: str = ACCENT
    target: float | None = None
    target_text: str = ""


@functools.lru_cache(maxsize=64)
def interval_chart(rows: tuple[IntervalRow, ...], unit: str, height: int) -> go.Figure:
    """Return `plot_intervals` in its final style; kept, because plotly is slow to make it."""
    return style_chart(plot_intervals(rows, unit), height)


def plot_intervals(rows: Sequence[IntervalRow], unit: str = "share") -> go.Figure:
    """Plot metrics with their intervals, one per row, and a dotted line at the target.

    Parameters
    ----------
    unit : {"share", "points", "plain"}
        Format of the axis.
    """
    figure = go.Figure()
    for index, row in enumerate(rows):
        low, high = row.estimate.interval or (row.estimate.value, row.estimate.value)
        figure.add_scatter(
            x=[row.estimate.value], y=[index], mode="markers",
            marker={"size": 11, "color": row.color, "line": {"width": 0}},
            error_x={"type": "data", "symmetric": False, "array": [high - row.estimate.value],
                     "arrayminus": [row.estimate.value - low], "thickness": 2.5, "width": 5, "color": row.color},
            hovertemplate=f"{row.label}<br>{row.text}<extra></extra>", showlegend=False,
        )  # fmt: skip
        if row.target is not None:
            line = {"dash": "dot", "width": 1.5, "color": NEUTRAL}
            figure.add_shape(type="line", x0=row.target, x1=row.target, y0=index - 0.3, y1=index + 0.3, line=line)
            figure.add_annotation(
                x=row.target, y=index - 0.3, yanchor="bottom", text=row.target_text, showarrow=False, font={"size": 11}
            )
    # Differences have a sign.
    tick_format = {"share": ".0%", "points": "+.0%"}.get(unit, ".2~f")
    figure.update_xaxes(tickformat=tick_format, zeroline=False, nticks=6, tickangle=0)
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.6],
        showgrid=False,
        zeroline=False,
        tickvals=list(range(len(rows))),
        ticktext=[row.label for row in rows],
    )
    return figure
