"""Explorer: how the facts of the image files and the tumours' measures are distributed, and the manifest as a table."""

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components import artifacts
from app_pages.components.charts import show
from app_pages.components.frame import missing
from app_pages.components.visualizer_choices import EXPLORE, choose
from app_pages.components.visualizer_data import facts, shortcut, tumours
from app_pages.components.visualizer_filter import choose_images, plain
from app_pages.components.visualizer_outliers import show_outliers
from app_pages.components.visualizer_table import show_table
from app_pages.components.words import count
from braintumor.exploration.charts import (
    distribution_figure,
    distribution_sentence,
    histogram_figure,
    histogram_sentence,
    scatter_figure,
    scatter_sentence,
    thinned,
)
from braintumor.exploration.facts import FACTS
from braintumor.exploration.tumours import MEASURES

_HEIGHT: Final = 440
_BY: Final = ("label", "origin", "plane", "split")


@st.fragment
def show_explorer() -> None:
    """Filter the images, and look at their facts one way at a time."""
    manifest = artifacts.dataset().manifest
    if manifest.empty:
        missing(
            "The images have not been listed yet. Get and list them with:", "braintumor data fetch",
            "braintumor data audit",
        )  # fmt: skip
        return
    view = choose("Show", list(_VIEWS), "explorer-view", str)
    if view == "Grey levels":
        _show_histogram()
        return
    kept = choose_images(manifest)
    if kept.empty:
        st.markdown("No image fits this choice. Choose more.")
        return
    _VIEWS[view](kept)


def _facts_of(kept: pd.DataFrame) -> pd.DataFrame | None:
    """The facts of the images that were kept; None, and said so, where there are none."""
    table = facts()
    if table.empty:
        missing("The facts of the image files have not been computed yet. Compute them with:", EXPLORE)
        return None
    return table[table["path"].isin(kept["path"])]


def _show_distribution(kept: pd.DataFrame) -> None:
    table = _facts_of(kept)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        column = _fact("Fact", FACTS, "explorer-fact", "entropy")
        by = choose("By", _BY, "explorer-by", lambda name: "Class" if name == "label" else name.capitalize())
    said = distribution_sentence(table, column, by)
    show(distribution_figure(table, column, by), said, f"distribution-{by}", _HEIGHT)
    st.markdown(said)
    _show_shortcut()


def _show_scatter(kept: pd.DataFrame) -> None:
    table = _facts_of(kept)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        x = _fact("Across", FACTS, "explorer-x", "mean")
        y = _fact("Up", FACTS, "explorer-y", "spread")
        by = choose("Colour", _BY, "explorer-colour", lambda name: "Class" if name == "label" else name.capitalize())
    said = scatter_sentence(table, x, y)
    show(scatter_figure(table, x, y, by), said, f"scatter-{by}", _HEIGHT + 40, zoom=True, top=36)
    drawn = len(thinned(table))
    every = "" if drawn == len(table) else f" {drawn:,} of them are drawn, evenly; filters bring out the others."
    st.markdown(f"{said}{every} Drag to zoom, double-click to come back, and touch a name to hide its dots.")
    _show_shortcut()


def _show_outliers(kept: pd.DataFrame) -> None:
    table = _facts_of(kept)
    if table is not None:
        show_outliers(table)


def _show_tumours(kept: pd.DataFrame) -> None:
    every = tumours()
    if every.empty:
        missing(
            "No tumour has been measured yet. Fetch the masks, and measure the tumours with:",
            "braintumor data fetch --masks", EXPLORE,
        )  # fmt: skip
        return
    table = every[every["path"].isin(kept["path"])]
    if table.empty:
        st.markdown("None of these images has a tumour mask. Choose more.")
        return
    column = _fact("Measure", MEASURES, "explorer-measure", "area")
    said = f"{distribution_sentence(table, column)} Measured on {count(len(table), 'tumour')} with a mask."
    show(distribution_figure(table, column), said, "tumours", _HEIGHT)
    st.markdown(said)


def _show_histogram() -> None:
    statistics = artifacts.statistics()
    if statistics is None:
        missing("The grey-level histograms have not been computed yet. Compute them with:", EXPLORE)
        return
    said = histogram_sentence(statistics)
    show(histogram_figure(statistics), said, "histogram", _HEIGHT, top=36)
    st.markdown(said)
    st.caption("Averaged over all images of a class, the dark background left out of the curves.")


def _fact(title: str, names: dict[str, str], key: str, first: str) -> str:
    """One of the facts or measures, each with what it means."""
    return st.selectbox(
        title, list(names), list(names).index(first), format_func=lambda name: f"{plain(name)}: {names[name]}",
        key=key, width=380, persist_state="session",
    )  # fmt: skip


def _show_shortcut() -> None:
    """How far such facts alone would get a model."""
    parts = [
        f"{what} in {found[0].percent()} of images (guessing: {found[1]:.1%})"
        for of, what in (("class", "the class"), ("origin", "the collection it comes from"))
        if (found := shortcut(of)) is not None
    ]
    if parts:
        st.caption(
            f"The size of the shortcut: from such facts alone, without anatomy, a plain classifier names "
            f"{', and '.join(parts)}, cross-validated by group, with 95% intervals."
        )


_VIEWS: Final[dict[str, Callable[[pd.DataFrame], None]]] = {
    "Distribution": _show_distribution,
    "Scatter": _show_scatter,
    "Grey levels": lambda _: _show_histogram(),
    "Tumours": _show_tumours,
    "Out of place": _show_outliers,
    "Table": show_table,
}
