"""Plates of the comparison for print: accuracy against time, and accuracy with its intervals."""

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

# Okabe and Ito's blue and vermilion, which every reader can tell apart.
_COLORS: Final[dict[str, str]] = {Task.FOUR_CLASS: "#0072B2", Task.BINARY: "#D55E00"}
_OTHER_COLOR: Final = "#555555"
_TASK_NAMES: Final[dict[str, str]] = {Task.FOUR_CLASS: "tells four classes", Task.BINARY: "tells tumour from none"}
# Where a name may stand: points to the right of and above its own, and which of its sides is there.
_LABEL_POSITIONS: Final = (
    (7, 7, "left"), (7, -14, "left"), (-7, 7, "right"), (-7, -14, "right"), (0, 14, "center"), (0, -22, "center"),
    (7, 18, "left"), (7, -26, "left"), (-7, 18, "right"), (-7, -26, "right"),
)  # fmt: skip
_POINT_RADIUS: Final = 8  # of most points, in pixels
_METRIC_TITLES: Final = {"tumor_accuracy": "tumour or none", "accuracy": "four classes"}


def plot_latency(rows: Sequence[ComparisonRow]) -> Figure:
    """Accuracy on tumour or none against milliseconds a scan; the larger a point, the more parameters."""
    figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    largest = max((row.parameters or 1 for row in rows), default=1)
    shown = [(row.milliseconds, row) for row in rows if row.milliseconds and "tumor_accuracy" in row.test]
    names = [_plot_point(axis, row, time, (row.parameters or 0) / largest) for time, row in shown]
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("milliseconds from frame to verdict (log)")
    axis.set_ylabel("accuracy, tumour or none")
    _format_percent_axis(axis.yaxis)
    axis.grid(alpha=0.25)
    _add_legend(axis, rows)
    _place_labels(figure, names)
    return figure


def _place_labels(figure: Figure, names: Sequence[Annotation]) -> None:
    """Put each name in the first place beside its point where it covers no other name and no point."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    taken = [name.axes.transData.transform(name.xy) for name in names if name.axes]
    covered: list[Bbox] = []
    for name in names:
        boxes = [_label_box(figure, name, *place) for place in _LABEL_POSITIONS]
        clashes = [
            sum(box.overlaps(other) for other in covered) + sum(box.padded(_POINT_RADIUS).contains(*point) for point in taken)
            + (box.x1 > figure.bbox.x1) for box in boxes
        ]  # fmt: skip
        covered.append(_label_box(figure, name, *_LABEL_POSITIONS[int(np.argmin(clashes))]))


def _label_box(figure: Figure, name: Annotation, across: int, up: int, side: str) -> Bbox:
    """What a name covers once it stands so many points from its own."""
    name.set_position((across, up))
    name.set_horizontalalignment(side)  # type: ignore[arg-type]
    return name.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]


def _plot_point(axis: Axes, row: ComparisonRow, time: Metric, share: float) -> Annotation:
    """One version: its point with both intervals, and its name, which is returned."""
    found, color = row.test["tumor_accuracy"], _COLORS.get(row.task, _OTHER_COLOR)
    axis.errorbar(
        time.value,
        found.value,
        xerr=_error_bar(time),
        yerr=_error_bar(found),
        fmt="none",
        ecolor=color,
        alpha=0.5,
        linewidth=1,
    )
    axis.scatter(
        time.value, found.value, s=24 + 260 * np.sqrt(share), color=color, alpha=0.85, edgecolors="white", zorder=3
    )
    return axis.annotate(
        row.version, (time.value, found.value), xytext=(7, 7), textcoords="offset points", fontsize=8, zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def plot_forest(rows: Sequence[ComparisonRow]) -> Figure:
    """Accuracy of every version with its 95% interval, on tumour or none and, of those that tell them, on classes."""
    height = 1.3 + 0.32 * max(1, len(rows))
    figure, axes = plt.subplots(1, 2, figsize=(8.5, height), sharey=True, layout="constrained")
    for axis, (metric, title) in zip(axes, _METRIC_TITLES.items(), strict=True):
        for place, row in enumerate(rows):
            if metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS):
                found, color = row.test[metric], _COLORS.get(row.task, _OTHER_COLOR)
                axis.errorbar(found.value, place, xerr=_error_bar(found), fmt="o", color=color, markersize=5, capsize=3)
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
    """Distance of an interval's ends from its value; a biased estimate may lie beyond one."""
    if estimate.interval is None:
        return None
    low, high = estimate.interval
    return [[max(0.0, estimate.value - low)], [max(0.0, high - estimate.value)]]


def _add_legend(axis: Axes, rows: Sequence[ComparisonRow]) -> None:
    for task in dict.fromkeys(row.task for row in rows):
        axis.scatter([], [], color=_COLORS.get(task, _OTHER_COLOR), label=_TASK_NAMES.get(task, task))
    if rows:
        axis.legend(frameon=False, fontsize=8, loc="best")
