"""Profile view: grey levels of two class averages along a line that the user draws, clicks or types."""

from functools import partial
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.shared.charts import draw_chart, show_chart
from app_pages.components.visualizer.controls import choose_option
from braintumor.enums import Plane, TumorClass
from braintumor.exploration.effect_size import Point
from braintumor.exploration.figures import TUMOR_CLASS_COLORS, plot_average, plot_profile
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.summaries import describe_class, summarize_average, summarize_profile

_HEIGHT: Final = 320
_END_KEYS: Final = ("line-x0", "line-y0", "line-x1", "line-y1")
_END_TITLES: Final = ("Start column", "Start row", "End column", "End row")
# Streamlit reports clicks only if dragging does not draw a line.
_TWO_CLICKS: Final = "Two clicks"
_DRAG: Final = "Drag"
_INPUT_METHODS: Final = (_TWO_CLICKS, _DRAG)
# Counts the drawn lines: an image with a new key no longer shows the dragged line.
_LINE_COUNT_KEY: Final = "line-count"
# Whether the last click set the start of a line, so that the next click sets its end.
_STARTED_KEY: Final = "line-started"
# Plotly heatmaps do not report clicks, so a grid of points does; spacing in pixels.
_CLICK_STEP: Final = 4
_LINE_COLOR: Final = "#FFDD33"


def show_profile(statistics: Statistics, labels: list[TumorClass], plane: Plane | None) -> None:
    """Show both averages with the line, its end points as numbers, and the grey levels along it."""
    height, width = statistics.average(labels[0], plane).shape
    _initialize_line(width, height)
    # The number inputs are below the images, but the session state already has their values.
    start, end = _line_ends()
    method = choose_option("Draw the line with", _INPUT_METHODS, "line-by", str)
    if method == _DRAG:
        instruction = "Drag on either image from the start of the line to its end"
    elif st.session_state.get(_STARTED_KEY):
        instruction = f"The line starts at column {start[0]:.0f}, row {start[1]:.0f}. **Click its end**"
    else:
        instruction = "Click the start of the line on either image, then its end (on a touch screen, choose Drag)"
    st.caption(f"{instruction}, or type its end points below.")
    for side, (column, label) in enumerate(zip(st.columns(2, gap="medium"), labels, strict=True)):
        with column:
            st.markdown(f"**{label.title}**")
            key = f"line-{side}-{st.session_state.get(_LINE_COUNT_KEY, 0)}"
            _show_image(statistics, label, plane, (start, end), key, method)
    grid = st.grid(4, min_column_width=140)
    for end_key, title, limit in zip(_END_KEYS, _END_TITLES, (width, height, width, height), strict=True):
        with grid.cell():
            st.number_input(title, 0, limit - 1, key=end_key, step=1, bind="query-params")
    summary = summarize_profile(statistics, list(labels), start, end, plane)
    show_chart(plot_profile(statistics, list(labels), start, end, plane), summary, "line-profile", _HEIGHT, top=36)
    st.markdown(summary)
    st.caption("Lines: averages. Bands: one standard deviation over images.")


def _initialize_line(width: int, height: int) -> None:
    """Set a horizontal line through the centre, unless session state or address have end points inside the image."""
    default = (width // 10, height // 2, width - 1 - width // 10, height // 2)
    for key, value, limit in zip(_END_KEYS, default, (width, height, width, height), strict=True):
        text = st.query_params.get(key, "")  # the number inputs, which would read the address, come later
        first = int(text) if text.isdecimal() else -1
        if not 0 <= st.session_state.get(key, first) < limit:
            st.session_state[key] = value
        elif key not in st.session_state:
            st.session_state[key] = first


def _line_ends() -> tuple[Point, Point]:
    x0, y0, x1, y1 = (float(st.session_state[key]) for key in _END_KEYS)
    return (x0, y0), (x1, y1)


def _show_image(
    statistics: Statistics, label: TumorClass, plane: Plane | None, line: tuple[Point, Point], key: str, method: str
) -> None:
    """Show an average with the line; two clicks or a drag set a new one."""
    figure = plot_average(statistics, label, plane)
    figure.data[0].update(showscale=False)
    is_drag = method == _DRAG
    if not is_drag:
        figure.add_trace(_click_targets(figure.data[0].z))
    (x0, y0), (x1, y1) = line
    figure.add_trace(
        go.Scatter(
            x=[x0, x1], y=[y0, y1], mode="lines+markers", showlegend=False, hoverinfo="skip",
            line={"color": _LINE_COLOR, "width": 3},
            marker={"size": [11, 7], "color": _LINE_COLOR, "symbol": ["circle", "square"]},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    height, width = statistics.average(label, plane).shape
    figure.update_layout(
        height=_HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False,
        dragmode="lasso" if is_drag else False,
        newselection={"line": {"color": TUMOR_CLASS_COLORS[label], "width": 2, "dash": "dot"}},
    )  # fmt: skip
    figure.update_xaxes(range=[-0.5, width - 0.5], fixedrange=True)
    figure.update_yaxes(range=[height - 0.5, -0.5], autorange=False, fixedrange=True)
    alt = (
        f"{summarize_average(statistics, label, plane)} A line over {describe_class(label, plane)} goes from column "
        f"{x0:.0f}, row {y0:.0f} to column {x1:.0f}, row {y1:.0f}."
    )
    draw_chart(
        figure, alt, key, on_select=partial(update_line, key, width, height),
        selection_mode="lasso" if is_drag else "points",
    )  # fmt: skip


def _click_targets(levels: NDArray[np.uint8]) -> go.Scatter:
    """Return a grid of invisible points over an image that report hover and clicks."""
    rows, columns = np.mgrid[tuple(slice(side % _CLICK_STEP // 2, side, _CLICK_STEP) for side in levels.shape)]
    invisible = {"marker": {"opacity": 0}}
    # Only one point is drawn, because thousands take a second; Plotly still reports all of them.
    return go.Scatter(
        x=columns.ravel(), y=rows.ravel(), customdata=levels[rows, columns].ravel(), mode="markers",
        marker={"opacity": 0, "size": 2, "maxdisplayed": 1}, selected=invisible, unselected=invisible, showlegend=False,
        hovertemplate="column %{x}, row %{y}: %{customdata} levels<extra></extra>",
    )  # fmt: skip


def update_line(key: str, width: int, height: int) -> None:
    """Set the line from a drag, or its start and then its end from clicks, and limit it to the image."""
    selection: dict[str, list[dict[str, Any]]] = st.session_state[key]["selection"]
    drags, points = selection.get("lasso", []), selection.get("points", [])
    if drags:
        x, y = drags[-1]["x"], drags[-1]["y"]
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
    st.session_state[_LINE_COUNT_KEY] = st.session_state.get(_LINE_COUNT_KEY, 0) + 1
