"""Plot static panels of class maps with shared colour scales for notebooks and print; needs matplotlib."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.montage import Tile, render_tile
from braintumor.exploration.statistics import Statistics

_PANEL_INCHES: Final = 1.95
_MAX_GRAY: Final = 255


def plot_class_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Plot average and variability of every class in two rows, each with one colour scale."""
    labels = [label for label in CLASSES if statistics.image_count(label, plane)]
    figure, axes = _make_axes(2, len(labels))
    rows = (
        ("average", [statistics.average(label, plane) for label in labels], "gray"),
        ("variability", [statistics.variability(label, plane) for label in labels], "cividis"),
    )
    for (name, maps, colormap), row in zip(rows, axes, strict=True):
        top = max(float(values.max()) for values in maps) * _MAX_GRAY
        for label, values, axis in zip(labels, maps, row, strict=True):
            axis.imshow(values * _MAX_GRAY, cmap=colormap, vmin=0, vmax=top)
            axis.set_title(f"{label.title}, {name}\n{statistics.image_count(label, plane):,} images", fontsize=8)
        figure.colorbar(row[-1].images[0], ax=list(row), fraction=0.02, label="grey levels")
    return figure


def plot_difference_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Plot the difference of averages of every pair of classes, on one scale centred on zero."""
    pairs = _list_class_pairs(statistics, plane)
    maps = [statistics.difference(a, b, plane) * _MAX_GRAY for a, b in pairs]
    return _plot_signed_maps(pairs, maps, "grey levels")


def plot_effect_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Plot the effect size of each pair of classes where it is significant (false discovery rate 5%)."""
    pairs = _list_class_pairs(statistics, plane)
    effects = {pair: effect for pair in pairs if (effect := statistics.effect(*pair, plane)) is not None}
    maps = [np.where(e.significant_pixels(e.levels[0]), e.size, np.float32(0)) for e in effects.values()]
    return _plot_signed_maps(list(effects), maps, "Hedges' g")


def plot_atlas_maps(statistics: Statistics) -> Figure:
    """Plot how often each pixel is tumour, by class and plane, over the average; one colour scale per class."""
    labels = [label for label in CLASSES if statistics.mask_count(label)]
    planes = [p for p in Plane if p is not Plane.UNKNOWN and any(statistics.mask_count(label, p) for label in labels)]
    figure, axes = _make_axes(len(labels), len(planes))
    atlases = {(label, p): statistics.atlas(label, p) for label in labels for p in planes}
    peaks = [(label, float(a.max())) for (label, _), a in atlases.items() if a is not None]
    tops = dict(sorted(peaks, key=lambda peak: peak[1]))  # sorted, so the largest peak of each class is last and wins
    for (label, plane), axis in zip(atlases, axes.flat, strict=True):
        values = atlases[label, plane]
        if values is None:
            axis.axis("off")
            continue
        top = tops[label]
        axis.imshow(statistics.average(label, plane), cmap="gray")
        image = axis.imshow(values, cmap="inferno", alpha=np.sqrt(values / top), vmin=0, vmax=top)
        axis.set_title(f"{label.title}, {plane}\n{statistics.mask_count(label, plane):,} masks", fontsize=8)
        figure.colorbar(image, ax=axis, fraction=0.046)
    return figure


def plot_tiles(tiles: Sequence[Tile], columns: int = 6, tile_size: int = 160) -> Figure:
    """Plot single images with their captions and mask outlines."""
    figure, axes = _make_axes(-(-len(tiles) // columns), min(columns, len(tiles)))
    for axis in axes.flat[len(tiles) :]:
        axis.axis("off")
    for tile, axis in zip(tiles, axes.flat, strict=False):
        axis.imshow(render_tile(tile, tile_size))
        axis.set_title("\n".join(tile.caption), fontsize=6)
    return figure


def _list_class_pairs(statistics: Statistics, plane: Plane | None) -> list[tuple[TumorClass, TumorClass]]:
    """List all pairs of classes that have images, pairs with no tumour first."""
    labels = [label for label in CLASSES if statistics.image_count(label, plane)]
    tumor_free = [label for label in labels if not label.is_tumor]
    tumors = [label for label in labels if label.is_tumor]
    return [*((n, t) for n in tumor_free for t in tumors), *combinations(tumors, 2)]


def _plot_signed_maps(pairs: Sequence[tuple[TumorClass, TumorClass]], maps: Sequence[NDArray], unit: str) -> Figure:
    columns = min(3, max(1, len(pairs)))
    figure, axes = _make_axes(max(1, -(-len(pairs) // columns)), columns)
    top = max((float(np.abs(values).max()) for values in maps), default=1.0) or 1.0
    for axis in axes.flat[len(pairs) :]:
        axis.axis("off")
    for (a, b), values, axis in zip(pairs, maps, axes.flat, strict=False):
        image = axis.imshow(values, cmap="RdBu_r", vmin=-top, vmax=top)
        axis.set_title(f"{a.title} minus {b.title.lower()}", fontsize=8)
        figure.colorbar(image, ax=axis, fraction=0.046, label=unit)
    return figure


def _make_axes(rows: int, columns: int) -> tuple[Figure, NDArray]:
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(_PANEL_INCHES * columns, _PANEL_INCHES * rows),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        _hide_ticks(axis)
    return figure, axes


def _hide_ticks(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
