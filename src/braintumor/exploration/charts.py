"""Plot image and tumour features with Plotly, and summarize each chart in a sentence."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from braintumor.enums import CLASSES, TumorClass
from braintumor.exploration.figures import TUMOR_CLASS_COLORS
from braintumor.exploration.image_features import (
    IMAGE_FEATURES,
    TUMOR_FEATURES,
)
from braintumor.exploration.statistics import Statistics
from braintumor.imaging.preprocessing import MARGIN_LEVEL

# More points than this are slow to draw and do not change the outline; they are thinned evenly.
_MAX_VIOLIN_POINTS: Final = 3000
# SVG draws this many points in 0.2 s, about as long as WebGL takes to start.
_MAX_SCATTER_POINTS: Final = 1500
# Darker grey levels are background: the level at which `preprocess` crops the margin.
_FIRST_FOREGROUND_LEVEL: Final = MARGIN_LEVEL + 1
# Okabe and Ito (2008), for groups other than classes.
_COLORS: Final = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999")
_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}


def plot_distribution(features: pd.DataFrame, column: str, by: str = "label") -> go.Figure:
    """Plot the distribution of a feature for each value of column `by`, as violins with quartiles."""
    figure = go.Figure()
    for number, key in enumerate(_group_keys(features, by)):
        values = features.loc[features[by] == key, column]
        figure.add_trace(
            go.Violin(
                y=_thin_values(values), name=_display_name(key), line_color=_group_color(key, number),
                box_visible=True, points=False, meanline_visible=True, spanmode="hard",
            )
        )  # fmt: skip
    figure.update_layout(yaxis_title=column, showlegend=False, margin=_MARGIN)
    return figure


def summarize_distribution(features: pd.DataFrame, column: str, by: str = "label") -> str:
    """Summarize a distribution: the median of each group, and the share of variance between groups."""
    medians = features.groupby(by)[column].median()
    listed = ", ".join(f"{_display_name(key)} {medians[key]:.3g}" for key in _group_keys(features, by))
    values = features[column]
    total = float(((values - values.mean()) ** 2).sum())
    between = float(((features.groupby(by)[column].transform("mean") - values.mean()) ** 2).sum())
    share = between / total if total > 0 else 0.0
    source = "Class" if by == "label" else by.capitalize()
    return (
        f"Median {column} ({_column_description(column)}): {listed}. {source} accounts for {share:.0%} of its variance."
    )


def plot_scatter(features: pd.DataFrame, x: str, y: str, by: str = "label") -> go.Figure:
    """Plot two features as a scatter plot with a point per image, thinned evenly if there are many."""
    plotted = thin_rows(features)
    figure = go.Figure()
    for number, key in enumerate(_group_keys(plotted, by)):
        group = plotted[plotted[by] == key]
        figure.add_trace(
            go.Scatter(
                x=group[x], y=group[y], name=_display_name(key), mode="markers", customdata=group[["path"]],
                marker={"color": _group_color(key, number), "size": 5, "opacity": 0.55},
                hovertemplate="%{customdata[0]}<br>" + f"{x} %{{x:.3g}}, {y} %{{y:.3g}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        xaxis_title=x, yaxis_title=y, margin=_MARGIN,
        legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    return figure


def thin_rows(features: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a scatter plot draws: every n-th row if there are many."""
    return features.iloc[:: max(1, -(-len(features) // _MAX_SCATTER_POINTS))]


def summarize_scatter(features: pd.DataFrame, x: str, y: str) -> str:
    """Summarize a scatter plot with the rank correlation of its features."""
    ranks = features[[x, y]].rank()
    correlation = float(ranks[x].corr(ranks[y])) if min(ranks[x].nunique(), ranks[y].nunique()) > 1 else 0.0
    return (
        f"Over {len(features):,} images, {x} ({_column_description(x)}) and {y} ({_column_description(y)}) have a rank "
        f"correlation of {correlation:+.2f}."
    )


def plot_histogram(statistics: Statistics) -> go.Figure:
    """Plot the share of pixels at each grey level by class, without the background, which would dominate."""
    figure = go.Figure()
    for label in CLASSES:
        if statistics.image_count(label):
            share = statistics.histogram(label)[_FIRST_FOREGROUND_LEVEL:] * np.float32(100)
            trace = {"name": label.title, "line_color": TUMOR_CLASS_COLORS[label]}
            figure.add_trace(
                go.Scatter(x=np.arange(_FIRST_FOREGROUND_LEVEL, 256), y=np.round(share, 4), mode="lines", **trace)
            )
    figure.update_layout(
        xaxis_title="grey level", yaxis_title="% of pixels", margin=_MARGIN, legend={"orientation": "h", "y": 1.12}
    )
    return figure


def summarize_histogram(statistics: Statistics) -> str:
    """Summarize the histograms: share of background and mean grey level of the rest, by class."""
    levels = np.arange(_FIRST_FOREGROUND_LEVEL, 256)
    entries = []
    for label in CLASSES:
        if statistics.image_count(label):
            share = statistics.histogram(label)
            foreground = share[_FIRST_FOREGROUND_LEVEL:]
            mean = float(foreground @ levels / max(float(foreground.sum()), 1e-9))
            entries.append(f"{label.title} {share[:_FIRST_FOREGROUND_LEVEL].sum():.0%} and {mean:.0f}")
    return f"Share of dark pixels (background), and mean grey level of the rest: {'; '.join(entries)}."


def _group_keys(features: pd.DataFrame, by: str) -> list[str]:
    return sorted(str(key) for key in features[by].unique())


def _display_name(key: str) -> str:
    return TumorClass(key).title if key in set(TumorClass) else key


def _group_color(key: str, number: int) -> str:
    return TUMOR_CLASS_COLORS[TumorClass(key)] if key in set(TumorClass) else _COLORS[number % len(_COLORS)]


def _column_description(column: str) -> str:
    return IMAGE_FEATURES.get(column) or TUMOR_FEATURES.get(column) or column


def _thin_values(values: pd.Series) -> np.ndarray:
    """Return at most `_MAX_VIOLIN_POINTS` values, evenly spaced by rank, which preserves the quartiles."""
    ordered = np.sort(values.to_numpy(float))
    if len(ordered) <= _MAX_VIOLIN_POINTS:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, _MAX_VIOLIN_POINTS).round().astype(int)]
