"""Profile: grey levels of two class averages along a line that is dragged or clicked on either picture, or typed."""

from functools import partial
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.shared.charts import show_chart
from app_pages.components.visualizer.controls import choose_option
from braintumor.enums import Plane, TumorClass
from braintumor.exploration.effect_size import Point
from braintumor.exploration.figures import TUMOR_CLASS_COLORS, plot_average, plot_profile
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.summaries import describe_class, summarize_average, summarize_profile

_HEIGHT: Final = 320
_END_KEYS: Final = ("line-x0", "line-y0", "line-x1", "line-y1")
_END_TITLES: Final = ("Start column", "Start row", "End column", "End row")
# Streamlit passes clicks on only where dragging draws no stroke.
_TWO_CLICKS: Final = "Two clicks"
_STROKE: Final = "A stroke"
_INPUT_METHODS: Final = (_TWO_CLICKS, _STROKE)
# Counts the lines drawn: a picture with a new key forgets the stroke that set the line.
_STROKE_COUNT_KEY: Final = "line-strokes"
# Whether the last click set the start of a line, so that the next one sets its end.
_STARTED_KEY: Final = "line-started"
# Pixels between the points that take clicks, which Plotly's images do not: as close as a finger or a pointer aims.
_CLICK_STEP: Final = 4
_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_LINE_COLOR: Final = "#FFDD33"


def show_profile(statistics: Statistics, labels: list[TumorClass], plane: Plane | None) -> None:
    """Both averages with the line on them, its ends as numbers, and the grey levels along it."""
    height, width = statistics.average(labels[0], plane).shape
    _initialize_line(width, height)
    # The numbers are asked for below the pictures; they already know their values here.
    start, end = _line_ends()
    by = choose_option("Set the line by", _INPUT_METHODS, "line-by", str)
    if by == _STROKE:
        said = "Drag across either picture from where the line shall start to where it shall end"
    elif st.session_state.get(_STARTED_KEY):
        said = f"The line starts at column {start[0]:.0f}, row {start[1]:.0f}. **Click where it shall end**"
    else:
        said = (
            "Click in either picture where the line shall start, then where it shall end (on a touch screen, choose a "
            "stroke)"
        )
    st.caption(f"{said}; or give its ends below.")
    for side, (column, label) in enumerate(zip(st.columns(2, gap="medium"), labels, strict=True)):
        with column:
            st.markdown(f"**{label.title}**")
            _show_image(
                statistics, label, plane, (start, end), f"line-{side}-{st.session_state.get(_STROKE_COUNT_KEY, 0)}", by
            )
    grid = st.grid(4, min_column_width=140)
    for key, title, limit in zip(_END_KEYS, _END_TITLES, (width, height, width, height), strict=True):
        with grid.cell():
            st.number_input(title, 0, limit - 1, key=key, step=1, persist_state="session")
    said = summarize_profile(statistics, list(labels), start, end, plane)
    show_chart(plot_profile(statistics, list(labels), start, end, plane), said, "line-profile", _HEIGHT, top=36)
    st.markdown(said)
    st.caption("Lines are the averages, bands one standard deviation over images to either side.")


def _initialize_line(width: int, height: int) -> None:
    """A level line through the middle to begin with; afterwards, whatever was set, where it fits the frame."""
    first = (width // 10, height // 2, width - 1 - width // 10, height // 2)
    for key, value, limit in zip(_END_KEYS, first, (width, height, width, height), strict=True):
        if not 0 <= st.session_state.get(key, -1) < limit:
            st.session_state[key] = value


def _line_ends() -> tuple[Point, Point]:
    x0, y0, x1, y1 = (float(st.session_state[key]) for key in _END_KEYS)
    return (x0, y0), (x1, y1)


def _show_image(
    statistics: Statistics, label: TumorClass, plane: Plane | None, line: tuple[Point, Point], key: str, by: str
) -> None:
    """An average with the line on it; two clicks, or a stroke of the pointer, set a new one."""
    figure = plot_average(statistics, label, plane)
    figure.data[0].update(showscale=False)
    stroke = by == _STROKE
    if not stroke:
        figure.add_trace(_click_targets(figure.data[0].z))
    (x0, y0), (x1, y1) = line
    figure.add_trace(
        go.Scatter(
            x=[x0, x1], y=[y0, y1], mode="lines+markers", showlegend=False, hoverinfo="skip",
            line={"color": _LINE_COLOR, "width": 3}, marker={"size": [11, 7], "color": _LINE_COLOR, "symbol": ["circle", "square"]},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    height, width = statistics.average(label, plane).shape
    figure.update_layout(
        height=_HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False,
        dragmode="lasso" if stroke else False,
        newselection={"line": {"color": TUMOR_CLASS_COLORS[label], "width": 2, "dash": "dot"}},
    )  # fmt: skip
    figure.update_xaxes(range=[-0.5, width - 0.5], fixedrange=True)
    figure.update_yaxes(range=[height - 0.5, -0.5], autorange=False, fixedrange=True)
    said = (
        f"{summarize_average(statistics, label, plane)} A line runs over {describe_class(label, plane)} from column {x0:.0f}, row "
        f"{y0:.0f} to column {x1:.0f}, row {y1:.0f}."
    )
    st.plotly_chart(
        figure, width="stretch", theme="streamlit", config=_CONFIG, alt=said, key=key,
        on_select=partial(update_line, key, width, height),
        selection_mode="lasso" if stroke else "points",
    )  # fmt: skip


def _click_targets(levels: NDArray[np.uint8]) -> go.Scatter:
    """Points over the whole of a picture that cannot be seen, but pointed at and clicked."""
    rows, columns = np.mgrid[tuple(slice(side % _CLICK_STEP // 2, side, _CLICK_STEP) for side in levels.shape)]
    unseen = {"marker": {"opacity": 0}}
    # One of them is put into the page, and Plotly still finds the others: thousands would take a second to draw.
    return go.Scatter(
        x=columns.ravel(), y=rows.ravel(), customdata=levels[rows, columns].ravel(), mode="markers",
        marker={"opacity": 0, "size": 2, "maxdisplayed": 1}, selected=unseen, unselected=unseen, showlegend=False,
        hovertemplate="column %{x}, row %{y}: %{customdata} levels<extra></extra>",
    )  # fmt: skip


def update_line(key: str, width: int, height: int) -> None:
    """Lay the line along a stroke drawn on a picture, or move its start, and then its end, to where one clicked."""
    selection: dict[str, list[dict[str, Any]]] = st.session_state[key]["selection"]
    strokes, points = selection.get("lasso", []), selection.get("points", [])
    if strokes:
        x, y = strokes[-1]["x"], strokes[-1]["y"]
        ends = dict(zip(_END_KEYS, (x[0], y[0], x[-1], y[-1]), strict=True))
        st.session_state[_STARTED_KEY] = False
    elif points:
        started = bool(st.session_state.get(_STARTED_KEY))
        ends = dict(zip(_END_KEYS[2:] if started else _END_KEYS[:2], (points[-1]["x"], points[-1]["y"]), strict=True))
        st.session_state[_STARTED_KEY] = not started
    else:
        return
    limits = dict(zip(_END_KEYS, (width, height, width, height), strict=True))
    st.session_state.update({end: min(max(round(value), 0), limits[end] - 1) for end, value in ends.items()})
    st.session_state[_STROKE_COUNT_KEY] = st.session_state.get(_STROKE_COUNT_KEY, 0) + 1
