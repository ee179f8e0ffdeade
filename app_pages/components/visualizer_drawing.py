"""How one map is laid out on the Visualizer: the picture, and beside it its sentence and how to read it."""

from typing import Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.charts import show_chart

_HEIGHT: Final = 430


def show_map(figure: go.Figure, description: str, key: str, note: str) -> None:
    """A map, and beside it its sentence and how to read it."""
    picture, words = st.columns([6, 5], gap="medium", vertical_alignment="center")
    with picture:
        show_chart(figure, description, key, _HEIGHT, zoom=True)
    with words:
        st.markdown(description)
        st.caption(f"{note} Drag to zoom, double-click to come back.")
