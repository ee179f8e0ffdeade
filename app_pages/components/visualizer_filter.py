"""Filter: which images of the manifest the explorer looks at."""

from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.visualizer_choices import ALL
from braintumor.vocabulary import CLASSES, TumorClass

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
