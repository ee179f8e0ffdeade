"""Plates of the comparison for print: accuracy against time, and accuracy with its intervals."""

from collections.abc import Sequence
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from braintumor.evaluation.compare_file import Row

# Okabe and Ito's blue and vermilion, which every reader can tell apart.
_COLORS: Final = {"four-class": "#0072B2", "tumor": "#D55E00"}
_NAMES: Final = {"four-class": "tells four classes", "tumor": "tells tumour from none"}
_STEPS: Final = (1, 2, 5, 10)  # whole percents
_QUESTIONS: Final = {"tumor_accuracy": "tumour or none", "accuracy": "four classes"}


def latency_plate(rows: Sequence[Row]) -> Figure:
    """Accuracy on tumour or none against milliseconds a scan; the larger a point, the more parameters."""
    figure, axis = plt.subplots(figsize=(7.5, 4.6), layout="constrained")
    largest = max((row.parameters or 1 for row in rows), default=1)
    for row in (row for row in rows if row.milliseconds and "tumor_accuracy" in row.test):
        time, accuracy = row.milliseconds, row.test["tumor_accuracy"]
        assert time is not None
        color = _COLORS.get(row.task, "#555555")
        axis.errorbar(
            time.value, accuracy.value, xerr=_reach(time.value, time.interval),
            yerr=_reach(accuracy.value, accuracy.interval), fmt="none", ecolor=color, alpha=0.5, linewidth=1,
        )  # fmt: skip
        size = 24 + 260 * np.sqrt((row.parameters or 0) / largest)
        axis.scatter(time.value, accuracy.value, s=size, color=color, alpha=0.85, edgecolors="white", zorder=3)
        axis.annotate(
            row.version, (time.value, accuracy.value), xytext=(7, 7), textcoords="offset points", fontsize=8, zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip
    axis.set_xscale("log")
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("milliseconds from frame to verdict (log)")
    axis.set_ylabel("accuracy, tumour or none")
    axis.yaxis.set_major_locator(MaxNLocator(steps=_STEPS))
    axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.grid(alpha=0.25)
    _key(axis, rows)
    return figure


def forest_plate(rows: Sequence[Row]) -> Figure:
    """Accuracy of every version with its 95% interval, on tumour or none and, of those that tell them, on classes."""
    figure, axes = plt.subplots(
        1, 2, figsize=(8.5, 1.3 + 0.32 * max(1, len(rows))), sharey=True, layout="constrained"
    )  # fmt: skip
    for axis, (metric, title) in zip(axes, _QUESTIONS.items(), strict=True):
        for place, row in enumerate(rows):
            if metric not in row.test or (metric == "accuracy" and row.task != "four-class"):
                continue
            found = row.test[metric]
            color = _COLORS.get(row.task, "#555555")
            axis.errorbar(
                found.value, place, xerr=_reach(found.value, found.interval), fmt="o", color=color, markersize=5,
                capsize=3,
            )  # fmt: skip
        axis.set_title(title, fontsize=10)
        axis.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=_STEPS))
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set_yticks(range(len(rows)), [row.version for row in rows])
        axis.grid(axis="x", alpha=0.25)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _reach(value: float, interval: tuple[float, float] | None) -> list[list[float]] | None:
    """Distance of an interval's ends from a value; a biased estimate may lie beyond one."""
    if interval is None:
        return None
    return [[max(0.0, value - interval[0])], [max(0.0, interval[1] - value)]]


def _key(axis: Axes, rows: Sequence[Row]) -> None:
    for task in dict.fromkeys(row.task for row in rows):
        axis.scatter([], [], color=_COLORS.get(task, "#555555"), label=_NAMES.get(task, task))
    if rows:
        axis.legend(frameon=False, fontsize=8, loc="lower right")
