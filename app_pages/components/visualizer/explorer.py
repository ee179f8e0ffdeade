"""Explorer: how the facts of the image files and the tumours' measures are distributed, and the manifest as a table."""

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import EXPLORE_COMMAND, choose_images, choose_option, display_name
from app_pages.components.visualizer.data import get_image_features, get_shortcut_accuracy, get_tumors
from app_pages.components.visualizer.manifest_table import show_manifest_table
from app_pages.components.visualizer.outliers import show_outliers
from braintumor.exploration.charts import (
    plot_distribution,
    plot_histogram,
    plot_scatter,
    summarize_distribution,
    summarize_histogram,
    summarize_scatter,
    thin_rows,
)
from braintumor.exploration.image_features import IMAGE_FEATURES, TUMOR_FEATURES

_HEIGHT: Final = 440
_GROUPINGS: Final = ("label", "origin", "plane", "split")


@st.fragment
def show_explorer() -> None:
    """Filter the images, and look at their facts one way at a time."""
    manifest = cache.get_dataset().manifest
    if manifest.empty:
        show_missing(
            "The images have not been listed yet. Get and list them with:", "braintumor data fetch",
            "braintumor data audit",
        )  # fmt: skip
        return
    view = choose_option("Show", list(_VIEWS), "explorer-view", str)
    if view == "Grey levels":
        _show_histogram()
        return
    kept = choose_images(manifest)
    if kept.empty:
        st.markdown("No image fits this choice. Choose more.")
        return
    _VIEWS[view](kept)


def _select_features(selected: pd.DataFrame) -> pd.DataFrame | None:
    """The facts of the images that were kept; None, and said so, where there are none."""
    table = get_image_features()
    if table.empty:
        show_missing("The facts of the image files have not been computed yet. Compute them with:", EXPLORE_COMMAND)
        return None
    return table[table["path"].isin(selected["path"])]


def _show_distribution(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        column = _choose_feature("Fact", IMAGE_FEATURES, "explorer-fact", "entropy")
        by = choose_option(
            "By", _GROUPINGS, "explorer-by", lambda name: "Class" if name == "label" else name.capitalize()
        )
    said = summarize_distribution(table, column, by)
    show_chart(plot_distribution(table, column, by), said, f"distribution-{by}", _HEIGHT)
    st.markdown(said)
    _show_shortcut()


def _show_scatter(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        x = _choose_feature("Across", IMAGE_FEATURES, "explorer-x", "mean")
        y = _choose_feature("Up", IMAGE_FEATURES, "explorer-y", "spread")
        by = choose_option(
            "Colour", _GROUPINGS, "explorer-colour", lambda name: "Class" if name == "label" else name.capitalize()
        )
    said = summarize_scatter(table, x, y)
    show_chart(plot_scatter(table, x, y, by), said, f"scatter-{by}", _HEIGHT + 40, zoom=True, top=36)
    drawn = len(thin_rows(table))
    every = "" if drawn == len(table) else f" {drawn:,} of them are drawn, evenly; filters bring out the others."
    st.markdown(f"{said}{every} Drag to zoom, double-click to come back, and touch a name to hide its dots.")
    _show_shortcut()


def _show_outliers(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is not None:
        show_outliers(table)


def _show_tumors(selected: pd.DataFrame) -> None:
    every = get_tumors()
    if every.empty:
        show_missing(
            "No tumour has been measured yet. Fetch the masks, and measure the tumours with:",
            "braintumor data fetch --masks", EXPLORE_COMMAND,
        )  # fmt: skip
        return
    table = every[every["path"].isin(selected["path"])]
    if table.empty:
        st.markdown("None of these images has a tumour mask. Choose more.")
        return
    column = _choose_feature("Measure", TUMOR_FEATURES, "explorer-measure", "area")
    said = f"{summarize_distribution(table, column)} Measured on {pluralize(len(table), 'tumour')} with a mask."
    show_chart(plot_distribution(table, column), said, "tumours", _HEIGHT)
    st.markdown(said)


def _show_histogram() -> None:
    statistics = cache.get_statistics()
    if statistics is None:
        show_missing("The grey-level histograms have not been computed yet. Compute them with:", EXPLORE_COMMAND)
        return
    said = summarize_histogram(statistics)
    show_chart(plot_histogram(statistics), said, "histogram", _HEIGHT, top=36)
    st.markdown(said)
    st.caption("Averaged over all images of a class, the dark background left out of the curves.")


def _choose_feature(title: str, names: dict[str, str], key: str, first: str) -> str:
    """One of the facts or measures, each with what it means."""
    return st.selectbox(
        title, list(names), list(names).index(first), format_func=lambda name: f"{display_name(name)}: {names[name]}",
        key=key, width=380, persist_state="session",
    )  # fmt: skip


def _show_shortcut() -> None:
    """How far such facts alone would get a model."""
    parts = [
        f"{what} in {found[0].percent()} of images (guessing: {found[1]:.1%})"
        for of, what in (("class", "the class"), ("origin", "the collection it comes from"))
        if (found := get_shortcut_accuracy(of)) is not None
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
    "Tumours": _show_tumors,
    "Out of place": _show_outliers,
    "Table": show_manifest_table,
}
