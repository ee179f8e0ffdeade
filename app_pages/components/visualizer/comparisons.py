"""Comparison of two classes: difference of their maps, effect size, and a profile along a line."""

from typing import Final, NamedTuple

import streamlit as st

from app_pages.components.shared.glossary import explain
from app_pages.components.shared.links import switch
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import (
    EXPLORE_COMMAND,
    choose_class,
    choose_option,
    choose_plane,
    list_comparison_classes,
    show_map,
)
from app_pages.components.visualizer.profile import show_profile
from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.figures import plot_difference, plot_effect
from braintumor.exploration.statistics import MapName, Statistics
from braintumor.exploration.summaries import summarize_difference, summarize_effect

_COMPARED_VIEWS: Final[tuple[MapName, ...]] = ("average", "variability")
_SOURCE_NOTE: Final = (
    "Scans without a tumour come from another collection, so a difference may be due to the scanner rather than the "
    "tumour."
)


class ClassPair(NamedTuple):
    """Two classes and a plane for which both have images."""

    a: TumorClass
    b: TumorClass
    plane: Plane | None


def _choose_pair(statistics: Statistics) -> ClassPair | None:
    """Let the user choose two classes and a plane; None, with a message, if there is only one class."""
    with st.container(horizontal=True, gap="medium"):
        a = choose_class("Class", [c for c in CLASSES if statistics.image_count(c)], "map-class")
        others = list_comparison_classes(statistics, a)
        if others:
            b = choose_class("Compared with", others, "map-other")
            return ClassPair(a, b, choose_plane(statistics, a, b))
    show_missing(
        "A comparison needs images of two classes. Compute the statistics of the whole image set with:", EXPLORE_COMMAND
    )
    return None


def show_difference(statistics: Statistics) -> None:
    """Show one class minus another, for averages or variability."""
    pair = _choose_pair(statistics)
    if pair is None:
        return
    map_name = choose_option("Of", _COMPARED_VIEWS, "map-of")
    summary = summarize_difference(statistics, *pair, map_name=map_name)
    show_map(plot_difference(statistics, *pair, map_name=map_name), summary, "map-difference", _describe_colors(pair))


def show_effect(statistics: Statistics) -> None:
    """Show the effect size of the difference and where it is significant."""
    pair = _choose_pair(statistics)
    if pair is None:
        return
    only_significant = switch(
        "Only significant pixels (false discovery rate 5%)", "map-only", True,
        help_=explain("False discovery rate", "Effect size (Hedges' g)"),
    )  # fmt: skip
    summary = summarize_effect(statistics, *pair)
    if statistics.effect(*pair) is None:
        show_missing(f"{summary} Choose all planes, or recompute it with more patients:", EXPLORE_COMMAND)
        return
    note = (
        f"{_describe_colors(pair)} Unit: standard deviations (Hedges' g) over independent groups of patients and "
        "near-duplicates."
    )
    show_map(plot_effect(statistics, *pair, only_significant=only_significant), summary, "map-effect", note)


def show_pair_profile(statistics: Statistics) -> None:
    """Show grey levels of two averages along a line."""
    pair = _choose_pair(statistics)
    if pair is not None:
        show_profile(statistics, [pair.a, pair.b], pair.plane)


def _describe_colors(pair: ClassPair) -> str:
    colors = f"Red is higher in {pair.a.title.lower()}, blue in {pair.b.title.lower()}."
    return colors if pair.a.is_tumor and pair.b.is_tumor else f"{colors} {_SOURCE_NOTE}"
