"""Profile: grey levels of two class averages along a line that is dragged on either picture, or typed."""

from functools import partial
from typing import Any, Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.charts import show
from braintumor.exploration.figures import CLASS_COLOURS, average_figure, profile_figure
from braintumor.exploration.profile import Point
from braintumor.exploration.sentences import average_sentence, name, profile_sentence
from braintumor.exploration.statistics import Statistics
from braintumor.vocabulary import Plane, TumorClass

_HEIGHT: Final = 320
_ENDS: Final = ("line-x0", "line-y0", "line-x1", "line-y1")
_TITLES: Final = ("Start column", "Start row", "End column", "End row")
# Counts the lines drawn: a picture with a new key forgets the stroke that set the line.
_STROKES: Final = "line-strokes"
_CONFIG: Final = {"displaylogo": False, "displayModeBar": False, "responsive": True}
_LINE: Final = "#FFDD33"


def show_profile(statistics: Statistics, labels: list[TumorClass], plane: Plane | None) -> None:
    """Both averages with the line on them, its ends as numbers, and the grey levels along it."""
    height, width = statistics.average(labels[0], plane).shape
    _prepare(width, height)
    # The numbers are asked for below the pictures; they already know their values here.
    start, end = _ends()
    st.caption("Drag across either picture from where the line shall start to where it shall end, or give its ends.")
    for side, (column, label) in enumerate(zip(st.columns(2, gap="medium"), labels, strict=True)):
        with column:
            st.markdown(f"**{label.title}**")
            _picture(statistics, label, plane, (start, end), f"line-{side}-{st.session_state.get(_STROKES, 0)}")
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
    statistics: Statistics, label: TumorClass, plane: Plane | None, line: tuple[Point, Point], key: str
) -> None:
    """An average with the line on it; a stroke of the pointer sets a new one."""
    figure = average_figure(statistics, label, plane)
    figure.data[0].update(showscale=False)
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
        height=_HEIGHT, margin={"l": 0, "r": 0, "t": 0, "b": 0}, dragmode="lasso", showlegend=False,
        newselection={"line": {"color": CLASS_COLOURS[label], "width": 2, "dash": "dot"}},
    )  # fmt: skip
    figure.update_xaxes(range=[-0.5, width - 0.5])
    figure.update_yaxes(range=[height - 0.5, -0.5], autorange=False)
    said = (
        f"{average_sentence(statistics, label, plane)} A line runs over {name(label, plane)} from column {x0:.0f}, row "
        f"{y0:.0f} to column {x1:.0f}, row {y1:.0f}."
    )
    st.plotly_chart(
        figure, width="stretch", theme="streamlit", config=_CONFIG, alt=said, key=key,
        on_select=partial(take_stroke, key, width, height), selection_mode="lasso",
    )  # fmt: skip


def take_stroke(key: str, width: int, height: int) -> None:
    """Lay the line from the first to the last point of the stroke that was drawn on a picture."""
    strokes: list[dict[str, Any]] = st.session_state[key]["selection"]["lasso"]
    if not strokes:
        return
    x, y = strokes[-1]["x"], strokes[-1]["y"]
    for end, value, limit in zip(_ENDS, (x[0], y[0], x[-1], y[-1]), (width, height, width, height), strict=True):
        st.session_state[end] = min(max(round(value), 0), limit - 1)
    st.session_state[_STROKES] = st.session_state.get(_STROKES, 0) + 1
