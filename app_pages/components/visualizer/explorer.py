"""Explorer tab: distributions of image and tumour features, outliers, and the manifest as a table."""

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.links import choose_from_list
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import EXPLORE_COMMAND, choose_images, choose_option, display_name
from app_pages.components.visualizer.data import (
    get_external_manifest,
    get_image_features,
    get_shortcut_accuracy,
    get_tumors,
)
from app_pages.components.visualizer.manifest_table import show_manifest_table
from app_pages.components.visualizer.outliers import show_outliers
from app_pages.components.visualizer.sources import show_sources
from braintumor.datasets.external.manifest import join_manifests
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
    """Filter the images and show one view of their features."""
    manifest = cache.get_dataset().manifest
    if manifest.empty:
        show_missing(
            "There is no manifest yet. Download and audit the image set with:", "braintumor data fetch",
            "braintumor data audit",
        )  # fmt: skip
        return
    view = choose_option("Show", list(_VIEWS), "explorer-view", str)
    if view == "Grey levels":
        _show_histogram()
        return
    if view == "Sources":
        show_sources(manifest)
        return
    external = get_external_manifest()
    if view == "Table" and not external.empty:
        manifest = join_manifests(manifest, external)
    selected = choose_images(manifest)
    if selected.empty:
        st.markdown("No images match these filters. Change a filter.")
        return
    _VIEWS[view](selected)


def _select_features(selected: pd.DataFrame) -> pd.DataFrame | None:
    """Return the features of the selected images; None, with a message, if they were not computed."""
    table = get_image_features()
    if table.empty:
        show_missing("The image features have not been computed yet. Compute them with:", EXPLORE_COMMAND)
        return None
    return table[table["path"].isin(selected["path"])]


def _show_distribution(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        column = _choose_feature("Feature", IMAGE_FEATURES, "explorer-feature", "entropy")
        by = choose_option(
            "By", _GROUPINGS, "explorer-by", lambda name: "Class" if name == "label" else name.capitalize()
        )
    summary = summarize_distribution(table, column, by)
    show_chart(plot_distribution(table, column, by), summary, f"distribution-{by}", _HEIGHT)
    st.markdown(summary)
    _show_shortcut()


def _show_scatter(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is None:
        return
    with st.container(horizontal=True, gap="medium"):
        x = _choose_feature("Horizontal axis", IMAGE_FEATURES, "explorer-x", "mean")
        y = _choose_feature("Vertical axis", IMAGE_FEATURES, "explorer-y", "spread")
        by = choose_option(
            "Colour", _GROUPINGS, "explorer-colour", lambda name: "Class" if name == "label" else name.capitalize()
        )
    summary = summarize_scatter(table, x, y)
    rows = thin_rows(table)
    show_chart(
        plot_scatter(table, x, y, by), summary, f"scatter-{by}", _HEIGHT + 40, zoom=True, top=36,
        values=lambda: rows[list(dict.fromkeys(["path", by, x, y]))],
    )  # fmt: skip
    drawn = len(rows)
    sampled = "" if drawn == len(table) else f" {drawn:,} of them are drawn; use filters to see the others."
    st.markdown(f"{summary}{sampled} Drag to zoom, double-click to reset, click a legend entry to hide it.")
    _show_shortcut()


def _show_outliers(selected: pd.DataFrame) -> None:
    table = _select_features(selected)
    if table is not None:
        show_outliers(table)


def _show_tumors(selected: pd.DataFrame) -> None:
    tumors = get_tumors()
    if tumors.empty:
        show_missing(
            "Tumours have not been measured yet. Download the masks and measure the tumours with:",
            "braintumor data fetch --masks", EXPLORE_COMMAND,
        )  # fmt: skip
        return
    table = tumors[tumors["path"].isin(selected["path"])]
    if table.empty:
        st.markdown("None of these images has a tumour mask. Change a filter.")
        return
    column = _choose_feature("Feature", TUMOR_FEATURES, "explorer-tumor-feature", "area")
    summary = f"{summarize_distribution(table, column)} Measured on {pluralize(len(table), 'tumour')} with a mask."
    show_chart(plot_distribution(table, column), summary, "tumours", _HEIGHT)
    st.markdown(summary)


def _show_histogram() -> None:
    statistics = cache.get_statistics()
    if statistics is None:
        show_missing("The grey-level histograms have not been computed yet. Compute them with:", EXPLORE_COMMAND)
        return
    summary = summarize_histogram(statistics)
    show_chart(plot_histogram(statistics), summary, "histogram", _HEIGHT, top=36)
    st.markdown(summary)
    st.caption("Averaged over all images of a class, without the dark background.")


def _choose_feature(title: str, names: dict[str, str], key: str, default: str) -> str:
    """Let the user choose a feature, listed with its meaning."""
    feature: str = choose_from_list(
        title, list(names), key, index=list(names).index(default), width=380,
        format_func=lambda name: f"{display_name(name)}: {names[name]}",
    )  # fmt: skip
    return feature


def _show_shortcut() -> None:
    """Show how well image features alone predict class and source dataset."""
    accuracies = [
        f"{target_text} with {shortcut[0].percent()} accuracy (most common value: {shortcut[1]:.1%})"
        for target, target_text in (("class", "the class"), ("origin", "the source dataset"))
        if (shortcut := get_shortcut_accuracy(target)) is not None
    ]
    if accuracies:
        st.caption(
            f"Possible shortcuts: without any anatomy, a logistic regression on these features predicts "
            f"{', and '.join(accuracies)}, cross-validated by group."
        )


_VIEWS: Final[dict[str, Callable[[pd.DataFrame], None]]] = {
    "Distribution": _show_distribution,
    "Scatter": _show_scatter,
    "Grey levels": lambda _: _show_histogram(),
    "Tumours": _show_tumors,
    "Outliers": _show_outliers,
    "Sources": show_sources,
    "Table": show_manifest_table,
}
