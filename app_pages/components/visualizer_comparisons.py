"""Comparisons of two classes: the difference of their maps, its effect size, and a profile along a line."""

from typing import Final, NamedTuple

import streamlit as st

from app_pages.components.frame import missing
from app_pages.components.visualizer_choices import EXPLORE, choose, choose_class, choose_plane, partners
from app_pages.components.visualizer_drawing import draw
from app_pages.components.visualizer_profile import show_profile
from braintumor.exploration.figures import difference_figure, effect_figure
from braintumor.exploration.sentences import difference_sentence, effect_sentence
from braintumor.exploration.statistics import Statistics, View
from braintumor.vocabulary import CLASSES, Plane, TumorClass

_OF: Final[tuple[View, ...]] = ("average", "variability")
_SOURCE: Final = (
    "Scans without a tumour come from another collection than the others, so a difference from them may be the "
    "scanner's, not the tumour's."
)


class Pair(NamedTuple):
    """Two classes and a plane that both have."""

    a: TumorClass
    b: TumorClass
    plane: Plane | None


def _pair(statistics: Statistics) -> Pair | None:
    """Two classes and a plane; None, and said so, where there is only one class."""
    with st.container(horizontal=True, gap="medium"):
        a = choose_class("Class", [c for c in CLASSES if statistics.count(c)], "map-class")
        others = partners(statistics, a)
        if others:
            b = choose_class("Compared with", others, "map-other")
            return Pair(a, b, choose_plane(statistics, a, b))
    missing("A comparison needs images of two classes. Compute the averages of the whole set with:", EXPLORE)
    return None


def show_difference(statistics: Statistics) -> None:
    """One class minus another, of averages or of variability."""
    pair = _pair(statistics)
    if pair is None:
        return
    of = choose("Of", _OF, "map-of")
    said = difference_sentence(statistics, *pair, view=of)
    draw(difference_figure(statistics, *pair, view=of), said, "map-difference", _colours(pair))


def show_effect(statistics: Statistics) -> None:
    """How large the difference is against the spread between patients, and where it is more than noise."""
    pair = _pair(statistics)
    if pair is None:
        return
    only = st.toggle(
        "Only pixels that differ by more than noise (false discovery rate 5%)", True, key="map-only",
        persist_state="session",
    )  # fmt: skip
    said = effect_sentence(statistics, *pair)
    if statistics.effect(*pair) is None:
        missing(f"{said} Choose all planes, or compute it over more patients with:", EXPLORE)
        return
    note = (
        f"{_colours(pair)} In standard deviations (Hedges' g), with groups of patients and near-duplicates as the unit."
    )
    draw(effect_figure(statistics, *pair, only_significant=only), said, "map-effect", note)


def show_pair_profile(statistics: Statistics) -> None:
    """Grey levels of two averages along a line."""
    pair = _pair(statistics)
    if pair is not None:
        show_profile(statistics, [pair.a, pair.b], pair.plane)


def _colours(pair: Pair) -> str:
    told = f"Red is higher in {pair.a.title.lower()}, blue in {pair.b.title.lower()}."
    return told if pair.a.is_tumor and pair.b.is_tumor else f"{told} {_SOURCE}"
