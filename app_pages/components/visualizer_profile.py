"""Profile: grey levels of two class averages along a line that is dragged or clicked on either picture, or typed."""

from functools import partial
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.charts import show
from app_pages.components.visualizer_choices import choose
from braintumor.exploration.figures import CLASS_COLOURS, average_figure, profile_figure
from braintumor.exploration.profile import Point
from braintumor.exploration.sentences import average_sentence, name, profile_sentence
from braintumor.exploration.statistics import Statistics
from braintumor.vocabulary import Plane, TumorClass

_HEIGHT: Final = 320
_ENDS: Final = ("line-x0", "line-y0", "line-x1", "line-y1")
_TITLES: Final = ("Start column", "Start row", "End column", "End row")
# Streamlit passes clicks on only where dragging draws no stroke.
_CLICKS: Final = "Two clicks"
_STROKE: Final = "A stroke"
_WAYS: Final = (_CLICKS, _STROKE)
# Counts the lines drawn: a picture with a new key forgets the stroke that set the line.
_STROKES: Final = "line-strokes"
# Whether the last click set the start of a line, so that the next one sets its end.
_STARTED: Final = "line-started"
# Pixels between the points that take clicks, which Plotly's images do not: as close as a finger or a pointer aims.
_CLICK_STEP: Final = 4
_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_LINE: Final = "#FFDD33"


def show_profile(statistics: Statistics, labels: list[TumorClass], plane: Plane | None) -> None:
    """Both averages with the line on them, its ends as numbers, and the grey levels along it."""
    height, width = statistics.average(labels[0], plane).shape
    _prepare(width, height)
    # The numbers are asked for below the pictures; they already know their values here.
    start, end = _ends()
    by = choose("Set the line by", _WAYS, "line-by", str)
    if by == _STROKE:
        said = "Drag across either picture from where the line shall start to where it shall end"
    elif st.session_state.get(_STARTED):
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
            _picture(statistics, label, plane, (start, end), f"line-{side}-{st.session_state.get(_STROKES, 0)}", by)
    grid = st.grid(4, min_column_width=140)
    for key, title, limit in zip(_ENDS, _TITLES, (width, height, width, height), strict=True):
        with grid.cell():
            st.number_input(title, 0, limit - 1, key=key, step=1, persist_state="session")
    said = profile_sentence(statistics, list(labels), start, end, plane)
    show(profile_figure(statistics, list(labels), start, end, plane), said, "line-profile", _HEIGHT, top=36)
    st.markdown(said)
    st.caption("Lines are the averages, bands one standard deviation over images to either side.")


def _prepare(width: int, height: int) -> None:
    """A level line through the middle to begin with; afterwards, whatever was set, where it fits the frame."""
    first = (width // 10, height // 2, width - 1 - width // 10, height // 2)
    for key, value, limit in zip(_ENDS, first, (width, height, width, height), strict=True):
        if not 0 <= st.session_state.get(key, -1) < limit:
            st.session_state[key] = value


def _ends() -> tuple[Point, Point]:
    x0, y0, x1, y1 = (float(st.session_state[key]) for key in _ENDS)
    return (x0, y0), (x1, y1)


def _picture(
    statistics: Statistics, label: TumorClass, plane: Plane | None, line: tuple[Point, Point], key: str, by: str
) -> None:
    """An average with the line on it; two clicks, or a stroke of the pointer, set a new one."""
    figure = average_figure(statistics, label, plane)
    figure.data[0].update(showscale=False)
    stroke = by == _STROKE
    if not stroke:
        figure.add_trace(_clickable(figure.data[0].z))
    (x0, y0), (x1, y1) = line
    figure.add_trace(
        go.Scatter(
            x=[x0, x1], y=[y0, y1], mode="lines+markers", showlegend=False, hoverinfo="skip",
            line={"color": _LINE, "width": 3}, marker={"size": [11, 7], "color": _LINE, "symbol": ["circle", "square"]},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
        )
    )  # fmt: skip
    height, width = statistics.average(label, plane).shape
    figure.update_layout(
        height=_HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False,
        dragmode="lasso" if stroke else False,
        newselection={"line": {"color": CLASS_COLOURS[label], "width": 2, "dash": "dot"}},
    )  # fmt: skip
    figure.update_xaxes(range=[-0.5, width - 0.5], fixedrange=True)
    figure.update_yaxes(range=[height - 0.5, -0.5], autorange=False, fixedrange=True)
    said = (
        f"{average_sentence(statistics, label, plane)} A line runs over {name(label, plane)} from column {x0:.0f}, row "
        f"{y0:.0f} to column {x1:.0f}, row {y1:.0f}."
    )
    st.plotly_chart(
        figure, width="stretch", theme="streamlit", config=_CONFIG, alt=said, key=key,
        on_select=partial(take_line, key, width, height),
        selection_mode="lasso" if stroke else "points",
    )  # fmt: skip


def _clickable(levels: NDArray[np.uint8]) -> go.Scatter:
    """Points over the whole of a picture that cannot be seen, but pointed at and clicked."""
    rows, columns = np.mgrid[tuple(slice(side % _CLICK_STEP // 2, side, _CLICK_STEP) for side in levels.shape)]
    unseen = {"marker": {"opacity": 0}}
    # One of them is put into the page, and Plotly still finds the others: thousands would take a second to draw.
    return go.Scatter(
        x=columns.ravel(), y=rows.ravel(), customdata=levels[rows, columns].ravel(), mode="markers",
        marker={"opacity": 0, "size": 2, "maxdisplayed": 1}, selected=unseen, unselected=unseen, showlegend=False,
        hovertemplate="column %{x}, row %{y}: %{customdata} levels<extra></extra>",
    )  # fmt: skip


def take_line(key: str, width: int, height: int) -> None:
    """Lay the line along a stroke drawn on a picture, or move its start, and then its end, to where one clicked."""
    selection: dict[str, list[dict[str, Any]]] = st.session_state[key]["selection"]
    strokes, points = selection.get("lasso", []), selection.get("points", [])
    if strokes:
        x, y = strokes[-1]["x"], strokes[-1]["y"]
        ends = dict(zip(_ENDS, (x[0], y[0], x[-1], y[-1]), strict=True))
        st.session_state[_STARTED] = False
    elif points:
        started = bool(st.session_state.get(_STARTED))
        ends = dict(zip(_ENDS[2:] if started else _ENDS[:2], (points[-1]["x"], points[-1]["y"]), strict=True))
        st.session_state[_STARTED] = not started
    else:
        return
    limits = dict(zip(_ENDS, (width, height, width, height), strict=True))
    st.session_state.update({end: min(max(round(value), 0), limits[end] - 1) for end, value in ends.items()})
    st.session_state[_STROKES] = st.session_state.get(_STROKES, 0) + 1
