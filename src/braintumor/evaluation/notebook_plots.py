"""Plates of a trained version: learning curves, confusion, reliability and readings, for notebooks and print."""

from collections.abc import Sequence
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braintumor.enums import CLASSES
from braintumor.imaging import draw_overlay
from braintumor.imaging.scan import Scan
from braintumor.inference.detection import Detection
from braintumor.results.metric import Curves
from braintumor.results.version import VersionReport

# Okabe and Ito's blue and vermilion, which every reader can tell apart.
_TRAINING_COLOR: Final = "#0072B2"
_VALIDATION_COLOR: Final = "#D55E00"
_PANEL_INCHES: Final = 2.1  # inches a picture


def plot_history(history: pd.DataFrame) -> Figure:
    """Loss and accuracy by epoch, in training and on the validation split."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for axis, measure in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history["epoch"], history[measure], color=_TRAINING_COLOR, label="training")
        axis.plot(
            history["epoch"], history[f"val_{measure}"], color=_VALIDATION_COLOR, label="validation", linestyle="--"
        )
        axis.set_xlabel("epoch")
        axis.set_ylabel(measure)
        axis.legend(frameon=False)
    return figure


def plot_confusion(curves: Curves) -> Figure:
    """Confusion matrix and reliability diagram of one split."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    _draw_confusion(left, np.array(curves.confusion))
    bins = curves.reliability
    right.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    right.scatter(
        bins["confidence"], bins["accuracy"], s=200 * bins["count"] / bins["count"].max() + 8, color=_TRAINING_COLOR
    )
    right.set_xlabel("confidence")
    right.set_ylabel("accuracy")
    right.set_title("reliability; larger points hold more scans", fontsize=9)
    return figure


def plot_predictions(predictions: Sequence[tuple[Scan, Detection, str]], columns: int = 6) -> Figure:
    """Scans with heat map and outline, and under each the truth, the answer and its probability."""
    rows = -(-len(predictions) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(_PANEL_INCHES * columns, 1.25 * _PANEL_INCHES * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        axis.axis("off")
    for (scan, found, truth), axis in zip(predictions, axes.flat, strict=False):
        axis.imshow(draw_overlay(scan.to_uint8(), found.heat_map, 0.45, found.mask))
        read = found.result.title.lower() if found.is_multiclass or not found.result.is_tumor else "tumour"
        axis.set_title(f"{truth}: read as {read}\n{found.verdict}, {found.tumor_probability:.0%}", fontsize=7)
    return figure


def plot_explanation(scan: Scan, detection: Detection, saliency: NDArray[np.float32] | None = None) -> Figure:
    """A scan, what spoke for the answer on it, and the pixels that move the answer most where a gradient is known."""
    panels: list[tuple[str, NDArray]] = [
        ("scan", scan.to_uint8()),
        ("heat map", draw_overlay(scan.to_uint8(), detection.heat_map, 0.45, detection.mask)),
    ]
    if saliency is not None:
        panels.append(("saliency", saliency))
    figure, axes = plt.subplots(1, len(panels), figsize=(3 * len(panels), 3.3), layout="constrained")
    for (title, pixels), axis in zip(panels, axes, strict=True):
        axis.imshow(pixels, cmap="gray" if title == "scan" else "magma")
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    figure.suptitle(f"{detection.verdict}: {detection.reason}", fontsize=9)
    return figure


def metrics_table(report: VersionReport, splits: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
    """Metrics with their intervals as text, a row each and a column per split; blank where not measured."""
    found = {split: [report.metric(split, name) for name in names] for split in splits}
    return pd.DataFrame(
        {split: ["" if e is None else e.percent() for e in column] for split, column in found.items()},
        index=list(names),
    )


def _draw_confusion(axis: Axes, counts: np.ndarray) -> None:
    shares = counts / counts.sum(axis=1, keepdims=True)
    axis.imshow(shares, cmap="cividis", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axis.text(column, row, f"{count}\n{shares[row, column]:.0%}", ha="center", va="center", fontsize=7,
                  color="black" if shares[row, column] > 0.6 else "white")  # fmt: skip
    names = [c.title for c in CLASSES] if len(counts) == len(CLASSES) else ["Tumour", "No tumour"]
    axis.set_xticks(range(len(names)), names, fontsize=7)
    axis.set_yticks(range(len(names)), names, fontsize=7)
    axis.set_xlabel("read as")
    axis.set_ylabel("truth")
