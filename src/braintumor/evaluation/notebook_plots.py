"""Matplotlib plots of a trained model for notebooks: learning curves, confusion, reliability and predictions."""

from collections.abc import Sequence
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braintumor.enums import CLASSES
from braintumor.imaging.overlay import draw_overlay
from braintumor.imaging.scan import Scan
from braintumor.inference.detection import Detection
from braintumor.results.metric import Curves
from braintumor.results.version import VersionReport
from braintumor.text import format_score

# Blue and vermilion of Okabe and Ito, safe for colour-blind readers.
_TRAINING_COLOR: Final = "#0072B2"
_VALIDATION_COLOR: Final = "#D55E00"
_PANEL_INCHES: Final = 2.1  # inches per image


def plot_history(history: pd.DataFrame) -> Figure:
    """Plot loss and accuracy by epoch on the training and validation split."""
    figure, axes = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for axis, metric in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history["epoch"], history[metric], color=_TRAINING_COLOR, label="training")
        axis.plot(
            history["epoch"], history[f"val_{metric}"], color=_VALIDATION_COLOR, label="validation", linestyle="--"
        )
        axis.set_xlabel("epoch")
        axis.set_ylabel(metric)
        axis.legend(frameon=False)
    return figure


def plot_confusion(curves: Curves) -> Figure:
    """Plot the confusion matrix and the reliability diagram of one split."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.4), layout="constrained")
    _draw_confusion(left, np.array(curves.confusion))
    bins = curves.reliability
    right.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    right.scatter(
        bins["confidence"], bins["accuracy"], s=200 * bins["count"] / bins["count"].max() + 8, color=_TRAINING_COLOR
    )
    right.set_xlabel("confidence")
    right.set_ylabel("accuracy")
    right.set_title("reliability; larger points are bins with more scans", fontsize=9)
    return figure


def plot_predictions(predictions: Sequence[tuple[Scan, Detection, str]], columns: int = 6) -> Figure:
    """Plot scans with heat map and outline, titled with truth, prediction and tumour probability."""
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
    for (scan, detection, truth), axis in zip(predictions, axes.flat, strict=False):
        pixels = detection.as_read(scan).to_uint8()
        axis.imshow(draw_overlay(pixels, detection.heat_map, 0.45, detection.mask))
        label = detection.result.title.lower() if detection.is_multiclass or not detection.result.is_tumor else "tumour"
        axis.set_title(
            f"{truth}, predicted {label}\n{detection.verdict}, {format_score(detection.tumor_probability)}", fontsize=7
        )
    return figure


def plot_explanation(scan: Scan, detection: Detection, saliency: NDArray[np.float32] | None = None) -> Figure:
    """Plot a scan, its heat map, and its saliency map if one is given."""
    gray = detection.as_read(scan).to_uint8()
    panels: list[tuple[str, NDArray]] = [
        ("scan", gray),
        ("heat map", draw_overlay(gray, detection.heat_map, 0.45, detection.mask)),
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
    """Tabulate metrics with intervals as text, one row per metric and one column per split."""
    columns = {split: [report.metric(split, name) for name in names] for split in splits}
    return pd.DataFrame(
        {split: ["" if metric is None else metric.percent() for metric in column] for split, column in columns.items()},
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
    axis.set_xlabel("predicted")
    axis.set_ylabel("truth")
