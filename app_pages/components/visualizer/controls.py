"""Controls shared by the tabs of the Visualizer; choices persist when the tab changes."""

from collections.abc import Callable, Sequence
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.links import Option, check_url_value, choose_from_list, choose_segment
from braintumor.enums import CLASS_NAMES, CLASSES, Plane, TumorClass
from braintumor.exploration.statistics import Statistics

ALL: Final = "all"
EXPLORE_COMMAND: Final = "braintumor explore"
NAMED_PLANES: Final = tuple(plane for plane in Plane if plane is not Plane.UNKNOWN)
_MAP_HEIGHT: Final = 430
_FILTER_COLUMNS: Final = ("plane", "origin", "split")


def choose_option(
    title: str, options: Sequence[Option], key: str, format_func: Callable[[Option], str] = str.capitalize
) -> Option:
    """Let the user choose an option; the choice persists while it remains available."""
    return choose_segment(title, options, key, format_func=format_func)


def choose_classes(key: str) -> list[TumorClass]:
    """Let the user choose any number of classes; all by default."""
    check_url_value("Class", key, {label.title for label in CLASSES})
    return st.segmented_control(
        "Classes", CLASSES, selection_mode="multi", default=CLASSES, format_func=lambda c: TumorClass(c).title, key=key,
        bind="query-params", wrap=True,
    )  # fmt: skip


def choose_class(title: str, options: Sequence[TumorClass], key: str) -> TumorClass:
    """Let the user choose a class."""
    return choose_option(title, options, key, lambda label: TumorClass(label).title)


def choose_plane(statistics: Statistics, *labels: TumorClass) -> Plane | None:
    """Let the user choose a plane for which all classes have images, or None for all planes."""
    shared = [p for p in NAMED_PLANES if all(p in statistics.planes(label) for label in labels)]
    choice = choose_option("Plane", [ALL, *map(str, shared)], "map-plane")
    return None if choice == ALL else Plane(choice)


def list_comparison_classes(statistics: Statistics, label: TumorClass) -> list[TumorClass]:
    """List the classes to compare a class with; no tumour first, because it is compared most often."""
    others = [c for c in CLASSES if c is not label and statistics.image_count(c)]
    return sorted(others, key=lambda c: c.is_tumor)


def show_map(figure: go.Figure, description: str, key: str, note: str) -> None:
    """Show a map next to its summary and a note on how to read it."""
    map_column, text_column = st.columns([6, 5], gap="medium", vertical_alignment="center")
    with map_column:
        show_chart(figure, description, key, _MAP_HEIGHT, zoom=True)
    with text_column:
        st.markdown(description)
        st.caption(f"{note} Drag to zoom, double-click to reset.")


def choose_images(manifest: pd.DataFrame) -> pd.DataFrame:
    """Let the user choose classes, plane, origin and split, and return the matching rows."""
    with st.container(horizontal=True, gap="medium"):
        labels = choose_classes("explorer-labels")
        # Labels that only external sets have are not among the choices.
        matches = manifest["label"].isin([str(label) for label in labels]) | ~manifest["label"].isin(CLASS_NAMES)
        for column in _FILTER_COLUMNS:
            options = [ALL, *sorted(manifest[column].unique())]
            choice = choose_from_list(
                display_name(column), options, f"explorer-{column}", format_func=display_name, width=160
            )
            matches &= (choice == ALL) | (manifest[column] == choice)
    return manifest[matches]


def display_name(name: str) -> str:
    """Return a column or value as shown on the page, such as `Bits per pixel`."""
    return "Source dataset" if name == "origin" else name.replace("_", " ").capitalize()
