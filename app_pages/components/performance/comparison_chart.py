"""The chart of the field: accuracy against milliseconds, a point a version, with both intervals."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go

from app_pages.components.shared.colors import ACCENT, NEUTRAL, TUMOR_COLOR
from braintumor.enums import Task
from braintumor.results.comparison import ComparisonRow

_MIN_MARKER_SIZE, _MAX_MARKER_SIZE = 9.0, 38.0  # pixels across
_TASK_TITLES = {Task.FOUR_CLASS: "Four classes", Task.BINARY: "Tumour or none"}
_TASK_COLORS = {Task.FOUR_CLASS: ACCENT, Task.BINARY: TUMOR_COLOR}


def plot_accuracy_latency(rows: Sequence[ComparisonRow], metric: str, selected_version: str) -> tuple[go.Figure, str]:
    """The figure, and what it says.

    Parameters
    ----------
    question : str
        `tumor_accuracy`, or `accuracy` of those that tell four classes.
    chosen : str
        The version that is marked.
    """
    shown = [
        row for row in rows
        if row.milliseconds and metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS)
    ]  # fmt: skip
    shown.sort(key=lambda row: row.milliseconds.value if row.milliseconds else 0.0)
    # Names in turn above and below, so that those of versions next to each other in time stay apart.
    places = {row.version: ("top center", "bottom center")[number % 2] for number, row in enumerate(shown)}
    most = max((row.parameters or 0 for row in shown), default=0)
    figure, said = go.Figure(), []
    for task in dict.fromkeys(row.task for row in shown):
        of_task = [row for row in shown if row.task == task]
        figure.add_trace(_task_trace(of_task, task, metric, selected_version, most, places))
    for row in sorted(shown, key=lambda row: -row.test[metric].value):
        assert row.milliseconds is not None
        said.append(f"{row.version} {row.test[metric].percent()} at {row.milliseconds.plain()} ms")
    figure.update_xaxes(type="log", title="Milliseconds from frame to verdict", dtick="D2", tickformat="~g")
    figure.update_yaxes(title="Right answers", tickformat=".0%", nticks=7)
    figure.update_layout(legend={"orientation": "h", "y": 1.08, "x": 0})
    return figure, f"Accuracy against time of {len(shown)} versions, best first. {'; '.join(said)}."


def _task_trace(
    rows: Sequence[ComparisonRow],
    task: str,
    metric: str,
    selected_version: str,
    max_parameters: float,
    text_positions: dict[str, str],
) -> go.Scatter:
    times = [row.milliseconds for row in rows if row.milliseconds]
    shares = [row.test[metric] for row in rows]
    color = _TASK_COLORS.get(Task(task), NEUTRAL)
    return go.Scatter(
        x=[time.value for time in times], y=[share.value for share in shares], mode="markers+text",
        name=_TASK_TITLES.get(Task(task), task), text=[row.version for row in rows],
        textposition=[text_positions[row.version] for row in rows],
        error_x=_error_bars([t.value for t in times], [t.interval for t in times], color),
        error_y=_error_bars([s.value for s in shares], [s.interval for s in shares], color),
        marker={
            "size": [_MIN_MARKER_SIZE + (_MAX_MARKER_SIZE - _MIN_MARKER_SIZE) * math.sqrt((r.parameters or 0) / (max_parameters or 1)) for r in rows],
            "color": color, "opacity": 0.75,
            "line": {"width": [3 if row.version == selected_version else 0 for row in rows], "color": NEUTRAL},
        },
        customdata=[
            (row.title, row.test[metric].percent(), time.plain(), f"{row.parameters or 0:,.0f}")
            for row, time in zip(rows, times, strict=True)
        ],
        hovertemplate="%{text}: %{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]} ms"
        "<br>%{customdata[3]} parameters<extra></extra>",
    )  # fmt: skip


def _error_bars(values: list[float], ends: list[tuple[float, float] | None], color: str) -> dict[str, object]:
    """Distance of the ends of an interval from each value; none where there is no interval."""
    pairs = [end or (value, value) for value, end in zip(values, ends, strict=True)]
    return {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 3, "color": color,
        "array": [max(0.0, high - value) for value, (_, high) in zip(values, pairs, strict=True)],
        "arrayminus": [max(0.0, value - low) for value, (low, _) in zip(values, pairs, strict=True)],
    }  # fmt: skip
