"""Visualizer: what the classes look like on average, how they vary and differ, and single images of each."""

from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.charts import show
from app_pages.components.frame import header, missing, section
from app_pages.components.montage import show_montage
from braintumor.exploration.figures import average_figure, difference_figure, variability_figure
from braintumor.exploration.sentences import average_sentence, difference_sentence, variability_sentence
from braintumor.exploration.statistics import Statistics
from braintumor.vocabulary import CLASSES, Plane, TumorClass

HEIGHT: Final = 400
ALL: Final = "all"
COMMAND: Final = "braintumor explore"


def choose_class(title: str, labels: list[TumorClass]) -> TumorClass:
    """One of the classes there are images of."""
    label: TumorClass = st.segmented_control(
        title, labels, default=labels[0], format_func=lambda c: c.title, key=title, required=True
    )
    return label


def choose_plane(statistics: Statistics, key: str, *labels: TumorClass) -> Plane | None:
    """A plane that all the classes have images of, or None for all planes together."""
    shared = [p for p in Plane if p is not Plane.UNKNOWN and all(p in statistics.planes(label) for label in labels)]
    options = [ALL, *map(str, shared)]
    # The key holds the options: another class may lack the plane that was chosen for this one.
    chosen = st.segmented_control(
        "Plane", options, default=ALL, format_func=str.capitalize, key="-".join([key, *options]), required=True
    )
    return None if chosen == ALL else Plane(chosen)


def show_class(statistics: Statistics) -> None:
    """Average and variability of one class, side by side."""
    with st.container(horizontal=True):
        label = choose_class("Class", [c for c in CLASSES if statistics.count(c)])
        plane = choose_plane(statistics, "class", label)
    views = (("Average", average_figure, average_sentence), ("Variability", variability_figure, variability_sentence))
    for column, (title, figure, sentence) in zip(st.columns(2, gap="medium"), views, strict=True):
        with column:
            said = sentence(statistics, label, plane)
            st.markdown(f"**{title}**")
            show(figure(statistics, label, plane), said, title.lower(), HEIGHT, zoom=True)
            st.caption(said)


def show_difference(statistics: Statistics) -> None:
    """The average of a tumour class minus that of healthy scans."""
    tumors = [c for c in CLASSES if c.is_tumor and statistics.count(c)]
    if not tumors or not statistics.count(TumorClass.NOTUMOR):
        missing("A difference needs images with and without a tumour. Compute it with:", COMMAND)
        return
    with st.container(horizontal=True):
        tumor = choose_class("Tumour class", tumors)
        plane = choose_plane(statistics, "difference", tumor, TumorClass.NOTUMOR)
    said = difference_sentence(statistics, tumor, TumorClass.NOTUMOR, plane)
    figure = difference_figure(statistics, tumor, TumorClass.NOTUMOR, plane)
    picture, words = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with picture:
        show(figure, said, "difference", HEIGHT + 60, zoom=True)
    words.markdown(said)


header(
    "Visualizer",
    "What the images of each class share, where they vary, and how tumour classes differ from scans without one. Drag "
    "to zoom, double-click to come back.",
)
statistics = artifacts.statistics()
section("One class", "Every image is cropped to the head and fitted into one frame before it is averaged.")
if statistics is None:
    missing("The average images have not been computed yet. Compute them with:", COMMAND)
else:
    show_class(statistics)
    section(
        "Against scans without a tumour",
        "Red is brighter in the tumour class, blue darker. The two kinds of scan come from different collections, so a "
        "difference may be the scanner's.",
    )
    show_difference(statistics)
section("Single images", "As they lie in the collection, each fitted into a square.")
show_montage(artifacts.dataset().manifest)
