"""Charts: how every figure is shown, and the two kinds that several pages share. A text alternative is not optional."""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import plotly.graph_objects as go
import streamlit as st

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
) -> None:
    """Draw a figure in the theme's colours.

    Parameters
    ----------
    alt : str
        What the figure says, for those who cannot see it.
    height : int
        In pixels.
    top : int
        Room for titles above the plot, in pixels.
    zoom : bool
        Whether dragging zooms; off, so that a finger scrolls the page, unless zooming is what the figure is for.
    on_select : callable, optional
        Called when a point is clicked; the selection is in the session's state under `key`.
    """
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": top, "b": 8},
        dragmode="zoom" if zoom else False,
        hovermode="closest",
    )
    figure.update_xaxes(fixedrange=not zoom, automargin=True, gridcolor=_GRID_COLOR, zerolinecolor=_GRID_COLOR)
    figure.update_yaxes(fixedrange=not zoom, automargin=True, gridcolor=_GRID_COLOR, zerolinecolor=_GRID_COLOR)
    st.plotly_chart(
        figure, width="stretch", theme="streamlit", config=_CONFIG, alt=alt, key=key,
        on_select=on_select or "ignore", selection_mode="points",
    )  # fmt: skip


class IntervalRow(NamedTuple):
    """A labelled estimate, for `intervals`, and the value it has to reach, where there is one."""

    label: str
    estimate: Metric
    text: str
    color: str = ACCENT
    target: float | None = None
    target_text: str = ""


def plot_intervals(rows: Sequence[IntervalRow], unit: str = "share") -> go.Figure:
    """Points with their intervals as lines, one a row, and a dotted line where the value has to reach.

    Parameters
    ----------
    unit : {"share", "points", "plain"}
        How the axis is labelled.
    """
    figure = go.Figure()
    for row, bar in enumerate(rows):
        low, high = bar.estimate.interval or (bar.estimate.value, bar.estimate.value)
        figure.add_scatter(
            x=[bar.estimate.value], y=[row], mode="markers",
            marker={"size": 11, "color": bar.color, "line": {"width": 0}},
            error_x={"type": "data", "symmetric": False, "array": [high - bar.estimate.value],
                     "arrayminus": [bar.estimate.value - low], "thickness": 2.5, "width": 5, "color": bar.color},
            hovertemplate=f"{bar.label}<br>{bar.text}<extra></extra>", showlegend=False,
        )  # fmt: skip
        if bar.target is not None:
            line = {"dash": "dot", "width": 1.5, "color": NEUTRAL}
            figure.add_shape(type="line", x0=bar.target, x1=bar.target, y0=row - 0.3, y1=row + 0.3, line=line)
            figure.add_annotation(
                x=bar.target, y=row - 0.3, yanchor="bottom", text=bar.target_text, showarrow=False, font={"size": 11}
            )
    # A plus sign, since a difference of zero is the point of the axis.
    form = {"share": ".0%", "points": "+.0%"}.get(unit, ".2~f")
    figure.update_xaxes(tickformat=form, zeroline=False, nticks=6, tickangle=0)
    figure.update_yaxes(
        range=[len(rows) - 0.5, -0.6],
        showgrid=False,
        zeroline=False,
        tickvals=list(range(len(rows))),
        ticktext=[b.label for b in rows],
    )
    return figure
