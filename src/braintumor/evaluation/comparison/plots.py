"""Figures of a comparison: accuracy against latency, and accuracy with its intervals."""

from collections.abc import Sequence
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox

from braintumor.enums import Task
from braintumor.results.comparison import ComparisonRow
from braintumor.results.metric import Metric

# Blue and vermilion of Okabe and Ito, safe for colour-blind readers.
_COLORS: Final[dict[str, str]] = {Task.FOUR_CLASS: "#0072B2", Task.BINARY: "#D55E00"}
_OTHER_COLOR: Final = "#555555"
_TASK_NAMES: Final[dict[str, str]] = {Task.FOUR_CLASS: "four classes", Task.BINARY: "tumour or none"}
# Candidate label positions: points to the right of and above the marker, and the horizontal alignment.
_LABEL_POSITIONS: Final = (
    (7, 7, "left"), (7, -14, "left"), (-7, 7, "right"), (-7, -14, "right"), (0, 14, "center"), (0, -22, "center"),
    (7, 18, "left"), (7, -26, "left"), (-7, 18, "right"), (-7, -26, "right"),
)  # fmt: skip
_POINT_RADIUS: Final = 8  # of most markers, in pixels
_METRIC_TITLES: Final = {"tumor_accuracy": "tumour or none", "accuracy": "four classes"}


def plot_latency(rows: Sequence[ComparisonRow]) -> Figure:
    """Plot accuracy on tumour or none against milliseconds per scan; marker size shows the parameters."""
    figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    max_parameters = max((row.parameters or 1 for row in rows), default=1)
    timed = [(row.milliseconds, row) for row in rows if row.milliseconds and "tumor_accuracy" in row.test]
    labels = [_plot_point(axis, row, time, (row.parameters or 0) / max_parameters) for time, row in timed]
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("milliseconds per scan (log scale)")
    axis.set_ylabel("accuracy, tumour or none")
    _format_percent_axis(axis.yaxis)
    axis.grid(alpha=0.25)
    _add_legend(axis, rows)
    _place_labels(figure, labels)
    return figure


def _place_labels(figure: Figure, labels: Sequence[Annotation]) -> None:
    """Move each label to the first position where it covers no other label and no marker."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    markers = [label.axes.transData.transform(label.xy) for label in labels if label.axes]
    occupied: list[Bbox] = []
    for label in labels:
        boxes = [_label_box(figure, label, *position) for position in _LABEL_POSITIONS]
        clashes = [
            sum(box.overlaps(other) for other in occupied)
            + sum(box.padded(_POINT_RADIUS).contains(*marker) for marker in markers)
            + (box.x1 > figure.bbox.x1)
            for box in boxes
        ]
        occupied.append(_label_box(figure, label, *_LABEL_POSITIONS[int(np.argmin(clashes))]))


def _label_box(figure: Figure, label: Annotation, x: int, y: int, alignment: str) -> Bbox:
    """Compute the area of a label at an offset in points from its marker."""
    label.set_position((x, y))
    label.set_horizontalalignment(alignment)  # type: ignore[arg-type]
    return label.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]


def _plot_point(axis: Axes, row: ComparisonRow, time: Metric, share: float) -> Annotation:
    """Plot one model with both intervals, and return its label."""
    accuracy, color = row.test["tumor_accuracy"], _COLORS.get(row.task, _OTHER_COLOR)
    axis.errorbar(
        time.value,
        accuracy.value,
        xerr=_error_bar(time),
        yerr=_error_bar(accuracy),
        fmt="none",
        ecolor=color,
        alpha=0.5,
        linewidth=1,
    )
    axis.scatter(
        time.value, accuracy.value, s=24 + 260 * np.sqrt(share), color=color, alpha=0.85, edgecolors="white", zorder=3
    )
    return axis.annotate(
        row.version, (time.value, accuracy.value), xytext=(7, 7), textcoords="offset points", fontsize=8, zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def plot_forest(rows: Sequence[ComparisonRow]) -> Figure:
    """Plot every model's accuracy with its 95% CI, for tumour or none and for the four classes."""
    height = 1.3 + 0.32 * max(1, len(rows))
    figure, axes = plt.subplots(1, 2, figsize=(8.5, height), sharey=True, layout="constrained")
    for axis, (metric, title) in zip(axes, _METRIC_TITLES.items(), strict=True):
        for position, row in enumerate(rows):
            if metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS):
                accuracy, color = row.test[metric], _COLORS.get(row.task, _OTHER_COLOR)
                axis.errorbar(
                    accuracy.value, position, xerr=_error_bar(accuracy), fmt="o", color=color, markersize=5, capsize=3
                )
        axis.set_title(title, fontsize=10)
        _format_percent_axis(axis.xaxis)
        axis.set_yticks(range(len(rows)), [row.version for row in rows])
        axis.grid(axis="x", alpha=0.25)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _format_percent_axis(axis: Axis) -> None:
    axis.set_major_locator(MaxNLocator(nbins=6, steps=(1, 2, 5, 10)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))


def _error_bar(estimate: Metric) -> list[list[float]] | None:
    """Compute the distances of an interval's ends from its value, at least 0; a biased value can lie outside."""
    if estimate.interval is None:
        return None
    low, high = estimate.interval
    return [[max(0.0, estimate.value - low)], [max(0.0, high - estimate.value)]]


def _add_legend(axis: Axes, rows: Sequence[ComparisonRow]) -> None:
    for task in dict.fromkeys(row.task for row in rows):
        axis.scatter([], [], color=_COLORS.get(task, _OTHER_COLOR), label=_TASK_NAMES.get(task, task))
    if rows:
        axis.legend(frameon=False, fontsize=8, loc="best")
