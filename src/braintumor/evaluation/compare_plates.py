"""Plates of the comparison for print: accuracy against time, and accuracy with its intervals."""

from collections.abc import Sequence
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from braintumor.evaluation.compare_file import Row
from braintumor.evaluation.measures import Estimate
from braintumor.vocabulary import Task

# Okabe and Ito's blue and vermilion, which every reader can tell apart.
_COLORS: Final[dict[str, str]] = {Task.FOUR_CLASS: "#0072B2", Task.TUMOR: "#D55E00"}
_OTHER: Final = "#555555"
_NAMES: Final[dict[str, str]] = {Task.FOUR_CLASS: "tells four classes", Task.TUMOR: "tells tumour from none"}
_QUESTIONS: Final = {"tumor_accuracy": "tumour or none", "accuracy": "four classes"}


def latency_plate(rows: Sequence[Row]) -> Figure:
    """Accuracy on tumour or none against milliseconds a scan; the larger a point, the more parameters."""
    figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    largest = max((row.parameters or 1 for row in rows), default=1)
    shown = [(row.milliseconds, row) for row in rows if row.milliseconds and "tumor_accuracy" in row.test]
    # Names in turn above and below, so that those of versions next to each other in time stay apart.
    for number, (time, row) in enumerate(sorted(shown, key=lambda pair: pair[0].value)):
        _point(axis, row, time, (row.parameters or 0) / largest, 7 if number % 2 == 0 else -14)
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("milliseconds from frame to verdict (log)")
    axis.set_ylabel("accuracy, tumour or none")
    _percents(axis.yaxis)
    axis.grid(alpha=0.25)
    _key(axis, rows)
    return figure


def _point(axis: Axes, row: Row, time: Estimate, share: float, offset: int) -> None:
    """One version: its point with both intervals, and its name so many points above it."""
    found, color = row.test["tumor_accuracy"], _COLORS.get(row.task, _OTHER)
    axis.errorbar(
        time.value, found.value, xerr=_reach(time), yerr=_reach(found), fmt="none", ecolor=color, alpha=0.5, linewidth=1
    )
    axis.scatter(
        time.value, found.value, s=24 + 260 * np.sqrt(share), color=color, alpha=0.85, edgecolors="white", zorder=3
    )
    axis.annotate(
        row.version, (time.value, found.value), xytext=(7, offset), textcoords="offset points", fontsize=8, zorder=5,
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )  # fmt: skip


def forest_plate(rows: Sequence[Row]) -> Figure:
    """Accuracy of every version with its 95% interval, on tumour or none and, of those that tell them, on classes."""
    height = 1.3 + 0.32 * max(1, len(rows))
    figure, axes = plt.subplots(1, 2, figsize=(8.5, height), sharey=True, layout="constrained")
    for axis, (metric, title) in zip(axes, _QUESTIONS.items(), strict=True):
        for place, row in enumerate(rows):
            if metric in row.test and (metric != "accuracy" or row.task == Task.FOUR_CLASS):
                found, color = row.test[metric], _COLORS.get(row.task, _OTHER)
                axis.errorbar(found.value, place, xerr=_reach(found), fmt="o", color=color, markersize=5, capsize=3)
        axis.set_title(title, fontsize=10)
        _percents(axis.xaxis)
        axis.set_yticks(range(len(rows)), [row.version for row in rows])
        axis.grid(axis="x", alpha=0.25)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _percents(axis: Axis) -> None:
    axis.set_major_locator(MaxNLocator(nbins=6, steps=(1, 2, 5, 10)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%"))


def _reach(found: Estimate) -> list[list[float]] | None:
    """Distance of an interval's ends from its value; a biased estimate may lie beyond one."""
    if found.interval is None:
        return None
    low, high = found.interval
    return [[max(0.0, found.value - low)], [max(0.0, high - found.value)]]


def _key(axis: Axes, rows: Sequence[Row]) -> None:
    for task in dict.fromkeys(row.task for row in rows):
        axis.scatter([], [], color=_COLORS.get(task, _OTHER), label=_NAMES.get(task, task))
    if rows:
        axis.legend(frameon=False, fontsize=8, loc="lower right")
