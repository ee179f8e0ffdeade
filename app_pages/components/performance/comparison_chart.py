"""Chart of accuracy against time, one point per version, with both confidence intervals."""

import math
from collections.abc import Sequence
from typing import Any, Final

import plotly.graph_objects as go

from app_pages.components.shared.colors import ACCENT, NEUTRAL, TUMOR_COLOR
from braintumor.enums import Task
from braintumor.results.comparison import ComparisonRow
from braintumor.results.metric import Metric

_MIN_MARKER_SIZE: Final = 9.0  # pixels
_MAX_MARKER_SIZE: Final = 38.0
_TASK_TITLES: Final = {Task.FOUR_CLASS: "Four classes", Task.BINARY: "Tumour or no tumour"}
_TASK_COLORS: Final = {Task.FOUR_CLASS: ACCENT, Task.BINARY: TUMOR_COLOR}


def plot_accuracy_latency(rows: Sequence[ComparisonRow], metric: str, selected_version: str) -> tuple[go.Figure, str]:
    """Plot accuracy against time; return the figure and a summary.

    Parameters
    ----------
    rows : sequence of ComparisonRow
    metric : str
        `tumor_accuracy`, or `accuracy` to show only versions that predict the four classes.
    selected_version : str
        The version that is marked.
    """
    times = {
        row.version: row.milliseconds
        for row in rows
        if row.milliseconds and metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS)
    }
    shown = sorted((row for row in rows if row.version in times), key=lambda row: times[row.version].value)
    # Labels alternate above and below the points, so that those of similar times do not overlap.
    text_positions = {row.version: ("top center", "bottom center")[index % 2] for index, row in enumerate(shown)}
    sizes = _marker_sizes(shown)
    figure = go.Figure()
    for task in dict.fromkeys(row.task for row in shown):
        group = [row for row in shown if row.task == task]
        trace = _task_trace(group, task, [times[row.version] for row in group], [row.test[metric] for row in group])
        trace.update(
            textposition=[text_positions[row.version] for row in group],
            marker={
                "size": [sizes[row.version] for row in group],
                "line": {"width": [3 if row.version == selected_version else 0 for row in group], "color": NEUTRAL},
            },
        )
        figure.add_trace(trace)
    figure.update_xaxes(type="log", title="Milliseconds from model input to verdict", dtick="D2", tickformat="~g")
    figure.update_yaxes(title="Accuracy", tickformat=".0%", nticks=7)
    figure.update_layout(legend={"orientation": "h", "y": 1.08, "x": 0})
    ranked = sorted(shown, key=lambda row: -row.test[metric].value)
    points = (f"{r.version} {r.test[metric].percent()} at {times[r.version].plain()} ms" for r in ranked)
    return figure, f"Accuracy against time of {len(shown)} versions, best first. {'; '.join(points)}."


def _marker_sizes(rows: Sequence[ComparisonRow]) -> dict[str, float]:
    """Return marker sizes by version; their area grows with the number of parameters."""
    largest = max((row.parameters or 0 for row in rows), default=0) or 1
    scale = _MAX_MARKER_SIZE - _MIN_MARKER_SIZE
    return {row.version: _MIN_MARKER_SIZE + scale * math.sqrt((row.parameters or 0) / largest) for row in rows}


def _task_trace(
    rows: Sequence[ComparisonRow], task: str, times: Sequence[Metric], accuracies: Sequence[Metric]
) -> go.Scatter:
    color = _TASK_COLORS.get(Task(task), NEUTRAL)
    return go.Scatter(
        x=[time.value for time in times], y=[accuracy.value for accuracy in accuracies], mode="markers+text",
        name=_TASK_TITLES.get(Task(task), task), text=[row.version for row in rows],
        error_x=_error_bars(times, color), error_y=_error_bars(accuracies, color),
        marker={"color": color, "opacity": 0.75},
        customdata=[
            (row.title, accuracy.percent(), time.plain(), f"{row.parameters or 0:,.0f}")
            for row, time, accuracy in zip(rows, times, accuracies, strict=True)
        ],
        hovertemplate="%{text}: %{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]} ms"
        "<br>%{customdata[3]} parameters<extra></extra>",
    )  # fmt: skip


def _error_bars(metrics: Sequence[Metric], color: str) -> dict[str, Any]:
    """Return error bars of length zero for metrics without an interval."""
    intervals = [metric.interval or (metric.value, metric.value) for metric in metrics]
    return {
        "type": "data", "symmetric": False, "thickness": 1.5, "width": 3, "color": color,
        "array": [max(0.0, high - metric.value) for metric, (_, high) in zip(metrics, intervals, strict=True)],
        "arrayminus": [max(0.0, metric.value - low) for metric, (low, _) in zip(metrics, intervals, strict=True)],
    }  # fmt: skip
