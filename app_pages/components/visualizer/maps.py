"""Maps tab: average, variability, difference, effect size, tumour atlas and profile, each with a summary."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.comparisons import show_difference, show_effect, show_pair_profile
from app_pages.components.visualizer.controls import (
    EXPLORE_COMMAND,
    choose_class,
    choose_option,
    choose_plane,
    show_map,
)
from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.figures import plot_atlas, plot_average, plot_variability
from braintumor.exploration.statistics import Statistics
from braintumor.exploration.summaries import summarize_atlas, summarize_average, summarize_variability

_SIDE_BY_SIDE_HEIGHT: Final = 400


@st.fragment
def show_maps() -> None:
    """Show one view of the class statistics."""
    statistics = cache.get_statistics()
    if statistics is None:
        show_missing("The class statistics have not been computed yet. Compute them with:", EXPLORE_COMMAND)
        return
    view = choose_option("View", list(_VIEWS), "map-view", str)
    _VIEWS[view](statistics)


def _choose_class(statistics: Statistics, options: list[TumorClass] | None = None) -> TumorClass:
    return choose_class("Class", options or [c for c in CLASSES if statistics.image_count(c)], "map-class")


def _choose_class_and_plane(statistics: Statistics) -> tuple[TumorClass, Plane | None]:
    """Let the user choose a class and a plane."""
    with st.container(horizontal=True, gap="medium"):
        label = _choose_class(statistics)
        return label, choose_plane(statistics, label)


def _show_average(statistics: Statistics) -> None:
    label, plane = _choose_class_and_plane(statistics)
    summary = summarize_average(statistics, label, plane)
    show_map(plot_average(statistics, label, plane), summary, "map-average",
          "Images are cropped to the head and scaled to one size before averaging. Sharp structures are in the same "
          "position in most images.")  # fmt: skip


def _show_variability(statistics: Statistics) -> None:
    label, plane = _choose_class_and_plane(statistics)
    summary = summarize_variability(statistics, label, plane)
    show_map(plot_variability(statistics, label, plane), summary, "map-variability",
          "Bright areas differ most between images of the class: the edge of the head, and variable anatomy or tumours."
          )  # fmt: skip


def _show_side_by_side(statistics: Statistics) -> None:
    label, plane = _choose_class_and_plane(statistics)
    views = (("Average", plot_average, summarize_average), ("Variability", plot_variability, summarize_variability))
    for column, (title, plot, summarize) in zip(st.columns(2, gap="medium"), views, strict=True):
        with column:
            summary = summarize(statistics, label, plane)
            st.markdown(f"**{title}**")
            show_chart(
                plot(statistics, label, plane), summary, f"map-both-{title.lower()}", _SIDE_BY_SIDE_HEIGHT, zoom=True
            )
            st.caption(summary)


def _show_atlas(statistics: Statistics) -> None:
    masked = [c for c in CLASSES if statistics.mask_count(c)]
    if not masked:
        show_missing(
            "The tumour atlas needs tumour masks. Download them and compute the atlas with:",
            "braintumor data fetch --masks", EXPLORE_COMMAND,
        )  # fmt: skip
        return
    with st.container(horizontal=True, gap="medium"):
        label = _choose_class(statistics, masked)
        plane = choose_plane(statistics, label)
    summary = summarize_atlas(statistics, label, plane)
    show_map(plot_atlas(statistics, label, plane), summary, "map-atlas",
          "Colour: share of masks that cover a pixel, over the average image. Tumour is most frequent in bright areas."
          )  # fmt: skip


_VIEWS: Final[dict[str, Callable[[Statistics], None]]] = {
    "Average": _show_average,
    "Variability": _show_variability,
    "Side by side": _show_side_by_side,
    "Difference": show_difference,
    "Effect size": show_effect,
    "Tumour atlas": _show_atlas,
    "Profile": show_pair_profile,
}
