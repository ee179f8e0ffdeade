"""Choices that the Visualizer's tabs share: one of some options, a class, a plane. They outlast a change of tab."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from braintumor.enums import CLASSES, Plane, TumorClass
from braintumor.exploration.statistics import Statistics

Option = TypeVar("Option", bound=str)
ALL: Final = "all"
EXPLORE_COMMAND: Final = "braintumor explore"
KNOWN_PLANES: Final = tuple(plane for plane in Plane if plane is not Plane.UNKNOWN)


def choose_option(
    title: str, options: Sequence[Option], key: str, format_func: Callable[[Option], str] = str.capitalize
) -> Option:
    """One of the options, kept while they change, as long as it is still among them."""
    # Options follow other choices; the last answer serves as the default, so that it comes back where it fits.
    last = st.session_state.get(key)
    default = next((option for option in options if option == last), options[0])
    chosen = st.segmented_control(
        title, options, default=default, format_func=format_func, key=key, required=True, persist_state="session"
    )  # fmt: skip
    return next((option for option in options if option == chosen), default)


def choose_class(title: str, options: Sequence[TumorClass], key: str) -> TumorClass:
    """One of some classes."""
    return choose_option(title, options, key, lambda label: TumorClass(label).title)


def choose_plane(statistics: Statistics, *labels: TumorClass) -> Plane | None:
    """A plane that all the classes have images of, or None for all planes together."""
    shared = [p for p in KNOWN_PLANES if all(p in statistics.planes(label) for label in labels)]
    chosen = choose_option("Plane", [ALL, *map(str, shared)], "map-plane")
    return None if chosen == ALL else Plane(chosen)


def comparison_classes(statistics: Statistics, label: TumorClass) -> list[TumorClass]:
    """The classes to compare one with: no tumour first, since that comparison is asked for most."""
    others = [c for c in CLASSES if c is not label and statistics.image_count(c)]
    return sorted(others, key=lambda c: c.is_tumor)


_HEIGHT: Final = 430


def show_map(figure: go.Figure, description: str, key: str, note: str) -> None:
    """A map, and beside it its sentence and how to read it."""
    picture, words = st.columns([6, 5], gap="medium", vertical_alignment="center")
    with picture:
        show_chart(figure, description, key, _HEIGHT, zoom=True)
    with words:
        st.markdown(description)
        st.caption(f"{note} Drag to zoom, double-click to come back.")


_FILTER_COLUMNS: Final = ("plane", "origin", "split")


def choose_images(manifest: pd.DataFrame) -> pd.DataFrame:
    """The rows of the classes, planes, origins and split that were chosen."""
    with st.container(horizontal=True, gap="medium"):
        labels = st.segmented_control(
            "Classes", CLASSES, selection_mode="multi", default=CLASSES, format_func=lambda c: TumorClass(c).title,
            key="explorer-labels", persist_state="session", wrap=True,
        )  # fmt: skip
        kept = manifest["label"].isin([str(label) for label in labels])
        for column in _FILTER_COLUMNS:
            options = [ALL, *sorted(manifest[column].unique())]
            chosen = st.selectbox(
                column.capitalize(), options, format_func=display_name, key=f"explorer-{column}", width=160,
                persist_state="session",
            )  # fmt: skip
            kept &= (chosen == ALL) | (manifest[column] == chosen)
    return manifest[kept]


def display_name(name: str) -> str:
    """A column or value as a reader sees it, such as `Bits per pixel`."""
    return name.replace("_", " ").capitalize()
