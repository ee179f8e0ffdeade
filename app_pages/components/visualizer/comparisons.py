"""Comparisons of two classes: the difference of their maps, its effect size, and a profile along a line."""

from typing import Final, NamedTuple

import streamlit as st

from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.controls import (
    EXPLORE_COMMAND,
    choose_class,
    choose_option,
    choose_plane,
    comparison_classes,
    show_map,
)
from app_pages.components.visualizer.profile import show_profile
from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.figures import plot_difference, plot_effect
from braintumor.exploration.statistics import MapName, Statistics
from braintumor.exploration.summaries import summarize_difference, summarize_effect

_COMPARED_VIEWS: Final[tuple[MapName, ...]] = ("average", "variability")
_SOURCE_NOTE: Final = (
    "Scans without a tumour come from another collection than the others, so a difference from them may be the "
    "scanner's, not the tumour's."
)


class ClassPair(NamedTuple):
    """Two classes and a plane that both have."""

    a: TumorClass
    b: TumorClass
    plane: Plane | None


def _choose_pair(statistics: Statistics) -> ClassPair | None:
    """Two classes and a plane; None, and said so, where there is only one class."""
    with st.container(horizontal=True, gap="medium"):
        a = choose_class("Class", [c for c in CLASSES if statistics.image_count(c)], "map-class")
        others = comparison_classes(statistics, a)
        if others:
            b = choose_class("Compared with", others, "map-other")
            return ClassPair(a, b, choose_plane(statistics, a, b))
    show_missing(
        "A comparison needs images of two classes. Compute the averages of the whole set with:", EXPLORE_COMMAND
    )
    return None


def show_difference(statistics: Statistics) -> None:
    """One class minus another, of averages or of variability."""
    pair = _choose_pair(statistics)
    if pair is None:
        return
    of = choose_option("Of", _COMPARED_VIEWS, "map-of")
    said = summarize_difference(statistics, *pair, map_name=of)
    show_map(plot_difference(statistics, *pair, map_name=of), said, "map-difference", _describe_colors(pair))


def show_effect(statistics: Statistics) -> None:
    """How large the difference is against the spread between patients, and where it is more than noise."""
    pair = _choose_pair(statistics)
    if pair is None:
        return
    only = st.toggle(
        "Only pixels that differ by more than noise (false discovery rate 5%)", True, key="map-only",
        persist_state="session",
    )  # fmt: skip
    said = summarize_effect(statistics, *pair)
    if statistics.effect(*pair) is None:
        show_missing(f"{said} Choose all planes, or compute it over more patients with:", EXPLORE_COMMAND)
        return
    note = f"{_describe_colors(pair)} In standard deviations (Hedges' g), with groups of patients and near-duplicates as the unit."
    show_map(plot_effect(statistics, *pair, only_significant=only), said, "map-effect", note)


def show_pair_profile(statistics: Statistics) -> None:
    """Grey levels of two averages along a line."""
    pair = _choose_pair(statistics)
    if pair is not None:
        show_profile(statistics, [pair.a, pair.b], pair.plane)


def _describe_colors(pair: ClassPair) -> str:
    told = f"Red is higher in {pair.a.title.lower()}, blue in {pair.b.title.lower()}."
    return told if pair.a.is_tumor and pair.b.is_tumor else f"{told} {_SOURCE_NOTE}"
