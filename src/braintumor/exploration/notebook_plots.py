"""Plates: still pictures of the maps, side by side with shared colour scales, for notebooks and print (matplotlib)."""

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

_PANEL_INCHES: Final = 1.7  # inches a panel
_MAX_GRAY: Final = 255


def plot_class_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Average and variability of every class, two rows, one grey scale each."""
    labels = [label for label in CLASSES if statistics.image_count(label, plane)]
    figure, axes = _make_axes(2, len(labels))
    rows = (
        ("average", [statistics.average(label, plane) for label in labels], "gray"),
        ("variability", [statistics.variability(label, plane) for label in labels], "cividis"),
    )
    for (name, maps, colours), row in zip(rows, axes, strict=True):
        top = max(float(values.max()) for values in maps) * _MAX_GRAY
        for label, values, axis in zip(labels, maps, row, strict=True):
            axis.imshow(values * _MAX_GRAY, cmap=colours, vmin=0, vmax=top)
            axis.set_title(f"{label.title}, {name}\n{statistics.image_count(label, plane):,} images", fontsize=8)
        figure.colorbar(row[-1].images[0], ax=list(row), fraction=0.02, label="grey levels")
    return figure


def plot_difference_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Average of no tumour minus each tumour class, and of every other pair, on one scale centred on zero."""
    pairs = _list_class_pairs(statistics, plane)
    maps = [statistics.difference(a, b, plane) * _MAX_GRAY for a, b in pairs]
    return _plot_signed_maps(pairs, maps, "grey levels")


def plot_effect_maps(statistics: Statistics, plane: Plane | None = None) -> Figure:
    """Effect size of each pair where it is more than noise (false discovery rate 5%, groups as the unit)."""
    found = [(pair, statistics.effect(*pair, plane)) for pair in _list_class_pairs(statistics, plane)]
    kept = [(pair, effect) for pair, effect in found if effect is not None]
    maps = [np.where(e.significant_pixels(e.levels[0]), e.size, np.float32(0)) for _, e in kept]
    return _plot_signed_maps([pair for pair, _ in kept], maps, "Hedges' g")


def plot_atlas_maps(statistics: Statistics) -> Figure:
    """How often each pixel is tumour, by class and plane, over the average image; a colour scale for each class."""
    labels = [label for label in CLASSES if statistics.mask_count(label)]
    planes = [p for p in Plane if p is not Plane.UNKNOWN and any(statistics.mask_count(label, p) for label in labels)]
    figure, axes = _make_axes(len(labels), len(planes))
    atlases = {(label, p): statistics.atlas(label, p) for label in labels for p in planes}
    peaks = [(label, float(a.max())) for (label, _), a in atlases.items() if a is not None]
    tops = dict(sorted(peaks, key=lambda peak: peak[1]))  # the last one of a class, its largest, stays
    for (label, plane), axis in zip(atlases, axes.flat, strict=True):
        values = atlases[label, plane]
        if values is None:
            axis.axis("off")
            continue
        top = tops[label]
        axis.imshow(statistics.average(label, plane), cmap="gray")
        shown = axis.imshow(values, cmap="inferno", alpha=np.sqrt(values / top), vmin=0, vmax=top)
        axis.set_title(f"{label.title}, {plane}\n{statistics.mask_count(label, plane):,} masks", fontsize=8)
        figure.colorbar(shown, ax=axis, fraction=0.046)
    return figure


def plot_tiles(tiles: Sequence[Tile], columns: int = 6, tile_size: int = 160) -> Figure:
    """Single images with their captions; mask outlines where the tiles have them."""
    figure, axes = _make_axes(-(-len(tiles) // columns), min(columns, len(tiles)))
    for axis in axes.flat[len(tiles) :]:
        axis.axis("off")
    for tile, axis in zip(tiles, axes.flat, strict=False):
        axis.imshow(render_tile(tile, tile_size))
        axis.set_title("\n".join(tile.caption), fontsize=6)
    return figure


def _list_class_pairs(statistics: Statistics, plane: Plane | None) -> list[tuple[TumorClass, TumorClass]]:
    """Every pair of classes there is, no tumour against each tumour first."""
    there = [label for label in CLASSES if statistics.image_count(label, plane)]
    healthy = [label for label in there if not label.is_tumor]
    tumors = [label for label in there if label.is_tumor]
    return [*((h, t) for h in healthy for t in tumors), *combinations(tumors, 2)]


def _plot_signed_maps(pairs: Sequence[tuple[TumorClass, TumorClass]], maps: Sequence[NDArray], unit: str) -> Figure:
    columns = min(3, max(1, len(pairs)))
    figure, axes = _make_axes(max(1, -(-len(pairs) // columns)), columns)
    top = max((float(np.abs(values).max()) for values in maps), default=1.0) or 1.0
    for axis in axes.flat[len(pairs) :]:
        axis.axis("off")
    for (a, b), values, axis in zip(pairs, maps, axes.flat, strict=False):
        shown = axis.imshow(values, cmap="RdBu_r", vmin=-top, vmax=top)
        axis.set_title(f"{a.title} minus {b.title.lower()}", fontsize=8)
        figure.colorbar(shown, ax=axis, fraction=0.046, label=unit)
    return figure


def _make_axes(rows: int, columns: int) -> tuple[Figure, NDArray]:
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(_PANEL_INCHES * columns * 1.15, _PANEL_INCHES * rows * 1.15),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat:
        _hide_ticks(axis)
    return figure, axes


def _hide_ticks(axis: Axes) -> None:
    axis.set_xticks([])
    axis.set_yticks([])
