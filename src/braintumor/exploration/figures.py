"""Plot class statistics as interactive Plotly images; needs only numpy and plotly.

Each `plot_*` function has a `summarize_*` function in `braintumor.exploration.summaries` with the same arguments, which
returns its text alternative. Colour scales suit colour-blind users; those of signed maps are centred on zero.
"""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from braintumor.enums import Plane, TumorClass
from braintumor.exploration.effect_size import Point, sample_profile
from braintumor.exploration.statistics import MapName, Statistics
from braintumor.exploration.summaries import Label, describe_class
from braintumor.imaging.windowing import unit_to_uint8

_MAX_GRAY: Final = 255
# Used on all pages: distinguishable with colour blindness, on light and dark backgrounds.
TUMOR_CLASS_COLORS: Final = dict(zip(TumorClass, ("#C04F33", "#3D7FC1", "#7F8C99", "#B58900"), strict=True))
_VARIABILITY_COLORSCALE: Final = "Cividis"
_SIGNED_COLORSCALE: Final = "RdBu_r"
# Upper part of Inferno, from transparent to opaque, so that the brain is visible where there is no tumour.
_ATLAS_COLORSCALE: Final = (
    (0.0, "rgba(87,16,110,0)"), (0.05, "rgba(87,16,110,0.35)"), (0.35, "rgba(188,55,84,0.6)"),
    (0.7, "rgba(249,142,9,0.75)"), (1.0, "rgba(252,255,164,0.9)"),
)  # fmt: skip


def plot_average(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> go.Figure:
    """Plot the average image of a class, in grey levels 0 to 255."""
    return _make_figure(_gray_heatmap(statistics.average(label, plane)))


def plot_variability(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> go.Figure:
    """Plot the standard deviation of each pixel, in grey levels."""
    levels = unit_to_uint8(statistics.variability(label, plane))
    return _make_figure(
        _make_heatmap(levels, "levels", colorscale=_VARIABILITY_COLORSCALE, zmin=0, zmax=max(1, int(levels.max())))
    )


def plot_difference(
    statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None, map_name: MapName = "average"
) -> go.Figure:
    """Plot the difference of two classes, a minus b, in grey levels; red where a is higher."""
    values = downsample(statistics.difference(a, b, plane, map_name)) * np.float32(_MAX_GRAY)
    return _make_figure(_signed_heatmap(values, "levels", 1.0))


def plot_effect(
    statistics: Statistics, a: Label, b: Label, plane: Plane | str | None = None, *, only_significant: bool = True
) -> go.Figure:
    """Plot the effect size of each pixel, a minus b, by default only where it is significant.

    The figure is empty if either class has too few groups.
    """
    effect = statistics.effect(a, b, plane)
    if effect is None:
        return _make_figure(None)
    values = effect.size
    if only_significant:
        values = np.where(effect.significant_pixels(), values, np.float32("nan"))
    return _make_figure(_signed_heatmap(downsample(values), "SD", 0.1))


def plot_atlas(statistics: Statistics, label: Label, plane: Plane | str | None = None) -> go.Figure:
    """Plot how often each pixel is tumour, in percent, over the average image; only the average without masks."""
    figure = plot_average(statistics, label, plane)
    values = statistics.atlas(label, plane)
    if values is not None:
        figure.data[0].update(showscale=False, hoverinfo="skip", hovertemplate=None)
        percent = np.round(downsample(values) * np.float32(100), 1)
        scale = {
            "colorscale": [list(stop) for stop in _ATLAS_COLORSCALE],
            "zmin": 0,
            "zmax": max(1.0, float(percent.max())),
        }
        figure.add_trace(_make_heatmap(percent, "% of masks", dx=2, dy=2, **scale))
    return figure


def plot_profile(
    statistics: Statistics, labels: list[Label], start: Point, end: Point, plane: Plane | str | None = None
) -> go.Figure:
    """Plot grey levels of class averages along a line, with a band of one standard deviation over images."""
    figure = go.Figure()
    for label in labels:
        line = sample_profile(statistics.average(label, plane), start, end)
        spread = sample_profile(statistics.variability(label, plane), start, end).values * _MAX_GRAY
        levels, color = line.values * _MAX_GRAY, TUMOR_CLASS_COLORS[TumorClass(label)]
        figure.add_trace(_make_band(line.distance, levels - spread, levels + spread, color))
        figure.add_trace(
            go.Scatter(
                x=line.distance, y=levels, name=describe_class(label, plane), mode="lines",
                line={"color": color, "width": 2.5},
                customdata=np.stack([line.x, line.y], axis=1),
                hovertemplate="%{y:.0f} levels at column %{customdata[0]:.0f}, row %{customdata[1]:.0f}",
            )
        )  # fmt: skip
    figure.update_layout(
        xaxis_title="pixels along the line", yaxis_title="grey level", hovermode="x unified",
        margin={"l": 8, "r": 8, "t": 8, "b": 8}, legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    return figure


def downsample(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Halve the size of a map by averaging blocks of 2 x 2 pixels, ignoring NaN; class maps have no finer detail."""
    height, width = values.shape[0] // 2, values.shape[1] // 2
    blocks = values[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    finite = np.isfinite(blocks)
    total = np.where(finite, blocks, 0).sum(axis=(1, 3), dtype=np.float32)
    count = finite.sum(axis=(1, 3))
    mean = np.full((height, width), np.nan, np.float32)
    np.divide(total, count, out=mean, where=count > 0)
    return mean


def _gray_heatmap(values: NDArray[np.float32]) -> go.Heatmap:
    levels = unit_to_uint8(values)
    return _make_heatmap(levels, "levels", colorscale="Greys_r", zmin=0, zmax=max(1, int(levels.max())))


def _signed_heatmap(values: NDArray[np.float32], unit: str, min_limit: float) -> go.Heatmap:
    """Return a heatmap with a diverging colour scale, symmetric about zero and at least `min_limit` wide."""
    limit = max(min_limit, float(np.nanmax(np.abs(values)))) if np.isfinite(values).any() else min_limit
    return _make_heatmap(
        np.round(values, 2), unit, colorscale=_SIGNED_COLORSCALE, zmin=-limit, zmax=limit, zmid=0, dx=2, dy=2
    )


def _make_heatmap(values: NDArray, unit: str, **style: Any) -> go.Heatmap:
    step = style.get("dx", 1)
    style |= {"x0": (step - 1) / 2, "y0": (step - 1) / 2}
    return go.Heatmap(
        z=values, zsmooth=False, colorbar={"title": unit, "thickness": 12, "len": 0.9, "outlinewidth": 0},
        hovertemplate="column %{x:.0f}, row %{y:.0f}: %{z} " + unit + "<extra></extra>", **style,
    )  # fmt: skip


def _make_figure(heatmap: go.Heatmap | None) -> go.Figure:
    """Return a figure with square pixels, rows from the top, no axes and no margin."""
    figure = go.Figure() if heatmap is None else go.Figure(heatmap)
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, constrain="domain", scaleanchor="x", autorange="reversed")
    figure.update_layout(
        margin={"l": 0, "r": 0, "t": 0, "b": 0}, paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        dragmode="zoom",
    )  # fmt: skip
    return figure


def _make_band(x: NDArray, low: NDArray, high: NDArray, color: str) -> go.Scatter:
    return go.Scatter(
        x=np.concatenate([x, x[::-1]]), y=np.concatenate([np.maximum(low, 0), high[::-1]]), fill="toself",
        fillcolor=color, opacity=0.15, line={"width": 0}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
