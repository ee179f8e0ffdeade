"""Charts of the image facts and of the tumours: distributions by class, scatter of two facts, histograms."""

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from braintumor.errors import DatasetError
from braintumor.exploration.facts import FACTS
from braintumor.exploration.figures import CLASS_COLOURS
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.tumours import MEASURES
from braintumor.imaging.standardize import MARGIN_LEVEL
from braintumor.settings import Settings, get_settings
from braintumor.vocabulary import CLASSES, TumorClass

# More points than this cannot be told apart and take long to draw; they are thinned evenly.
_POINTS: Final = 3000
# Dots of a scatter: drawn as shapes, so many take a fifth of a second, where WebGL takes as long to start.
_DOTS: Final = 1500
# Darker grey levels are background: the level at which `standardize` cuts the margin.
_FIRST: Final = MARGIN_LEVEL + 1
# Okabe and Ito (2008), for whatever is no class.
_COLOURS: Final = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#999999")


def load_facts(manifest: pd.DataFrame, settings: Settings | None = None) -> pd.DataFrame:
    """The manifest with the facts of each image beside it: the columns of both, `FACTS` for the latter.

    Raises
    ------
    DatasetError
        There are none yet.
    """
    facts = _read("image_facts.csv", settings)
    kept = [column for column in manifest.columns if column == "path" or column not in facts.columns]
    return manifest[kept].merge(facts, on="path", how="inner")


def load_tumours(settings: Settings | None = None) -> pd.DataFrame:
    """The tumour measures: `path`, `label`, `plane`, `group` and `MEASURES`; empty where no masks were fetched.

    Raises
    ------
    DatasetError
        There are none yet.
    """
    return _read("tumours.csv", settings)


def _read(file: str, settings: Settings | None) -> pd.DataFrame:
    try:
        return pd.read_csv((settings or get_settings()).dataset_outputs / file)
    except FileNotFoundError:
        raise DatasetError(f"There is no {file} yet. Compute it with: braintumor explore") from None
    except ValueError as error:
        raise DatasetError(f"{file} cannot be read ({error}). Compute it anew with: braintumor explore") from error


def distribution_figure(table: pd.DataFrame, column: str, by: str = "label") -> go.Figure:
    """How a fact or measure is distributed over each class (or whatever `by` names): violins with quartiles."""
    figure = go.Figure()
    for number, key in enumerate(_keys(table, by)):
        values = table.loc[table[by] == key, column]
        figure.add_trace(
            go.Violin(
                y=_thinned(values), name=_title(key), line_color=_colour(key, number), box_visible=True, points=False,
                meanline_visible=True, spanmode="hard",
            )
        )  # fmt: skip
    figure.update_layout(yaxis_title=column, showlegend=False, margin=_MARGIN)
    return figure


def distribution_sentence(table: pd.DataFrame, column: str, by: str = "label") -> str:
    """The medians behind a distribution, and the share of its spread that lies between the groups."""
    medians = table.groupby(by)[column].median()
    told = ", ".join(f"{_title(key)} {medians[key]:.3g}" for key in _keys(table, by))
    values = table[column]
    total = float(((values - values.mean()) ** 2).sum())
    between = float(((table.groupby(by)[column].transform("mean") - values.mean()) ** 2).sum())
    share = between / total if total > 0 else 0.0
    source = "Class" if by == "label" else by.capitalize()
    return f"Median {column} ({_meaning(column)}): {told}. {source} accounts for {share:.0%} of its variance."


def scatter_figure(table: pd.DataFrame, x: str, y: str, by: str = "label") -> go.Figure:
    """Two facts against one another, a dot an image, thinned evenly where there are many."""
    shown = thinned(table)
    figure = go.Figure()
    for number, key in enumerate(_keys(shown, by)):
        part = shown[shown[by] == key]
        figure.add_trace(
            go.Scatter(
                x=part[x], y=part[y], name=_title(key), mode="markers", customdata=part[["path"]],
                marker={"color": _colour(key, number), "size": 5, "opacity": 0.55},
                hovertemplate="%{customdata[0]}<br>" + f"{x} %{{x:.3g}}, {y} %{{y:.3g}}<extra></extra>",
            )
        )  # fmt: skip
    figure.update_layout(
        xaxis_title=x, yaxis_title=y, margin=_MARGIN,
        legend={"orientation": "h", "y": 1.12},
    )  # fmt: skip
    return figure


def thinned(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that a scatter draws: every so many, evenly, where there are more than can be told apart."""
    return table.iloc[:: max(1, -(-len(table) // _DOTS))]


def scatter_sentence(table: pd.DataFrame, x: str, y: str) -> str:
    """How far two facts go together, by rank."""
    ranks = table[[x, y]].rank()
    r = float(ranks[x].corr(ranks[y])) if min(ranks[x].nunique(), ranks[y].nunique()) > 1 else 0.0
    return (
        f"Over {len(table):,} images, {x} ({_meaning(x)}) and {y} ({_meaning(y)}) have a rank correlation of {r:+.2f}."
    )


def histogram_figure(statistics: Statistics) -> go.Figure:
    """Share of pixels at each grey level, by class, without the background, which would dwarf the rest."""
    figure = go.Figure()
    for label in CLASSES:
        if statistics.count(label):
            share = statistics.histogram(label)[_FIRST:] * np.float32(100)
            trace = {"name": label.title, "line_color": CLASS_COLOURS[label]}
            figure.add_trace(go.Scatter(x=np.arange(_FIRST, 256), y=np.round(share, 4), mode="lines", **trace))
    figure.update_layout(
        xaxis_title="grey level", yaxis_title="% of pixels", margin=_MARGIN, legend={"orientation": "h", "y": 1.12}
    )
    return figure


def histogram_sentence(statistics: Statistics) -> str:
    """How much of each class is background, and how bright the rest is."""
    levels = np.arange(_FIRST, 256)
    parts = []
    for label in CLASSES:
        if statistics.count(label):
            share = statistics.histogram(label)
            mean = float(share[_FIRST:] @ levels / max(float(share[_FIRST:].sum()), 1e-9))
            parts.append(f"{label.title} {share[:_FIRST].sum():.0%} and {mean:.0f}")
    return f"Share of dark pixels (background), and mean grey level of the rest: {'; '.join(parts)}."


_MARGIN: Final = {"l": 8, "r": 8, "t": 8, "b": 8}


def _keys(table: pd.DataFrame, by: str) -> list[str]:
    return sorted(str(key) for key in table[by].unique())


def _title(key: str) -> str:
    return TumorClass(key).title if key in set(TumorClass) else key


def _colour(key: str, number: int) -> str:
    return CLASS_COLOURS[TumorClass(key)] if key in set(TumorClass) else _COLOURS[number % len(_COLOURS)]


def _meaning(column: str) -> str:
    return FACTS.get(column) or MEASURES.get(column) or column


def _thinned(values: pd.Series) -> np.ndarray:
    """At most `_POINTS` values, evenly by rank, which leaves quartiles and outline as they are."""
    ordered = np.sort(values.to_numpy(float))
    if len(ordered) <= _POINTS:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, _POINTS).round().astype(int)]
