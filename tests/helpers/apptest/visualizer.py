"""The Visualizer page under AppTest."""

from typing import Final

import streamlit as st
from streamlit.testing.v1 import AppTest

from braintumor.settings import get_settings
from tests.app.conftest import Open

TABS: Final = ("Maps", "Montage", "Explorer", "Leakage")


def clear_caches() -> None:
    """Make the page read settings and files again."""
    get_settings.cache_clear()
    st.cache_data.clear()
    st.cache_resource.clear()


def open_view(open_page: Open, view: str) -> AppTest:
    """Open a view of the Maps tab."""
    return choose(open_page("visualizer"), "map-view", view)


def choose(app: AppTest, key: str, value: object) -> AppTest:
    """Choose an option of a segmented control."""
    next(group for group in app.button_group if group.key == key).set_value(value).run()
    assert not app.exception
    return app


def list_options(app: AppTest, key: str) -> list[str]:
    """List the options of a segmented control."""
    return next(list(group.options) for group in app.button_group if group.key == key)


def list_alts(app: AppTest) -> list[str]:
    """List the text alternatives of the charts."""
    return [chart.proto.alt for chart in app.get("plotly_chart")]


def list_tile_alts(app: AppTest) -> list[str]:
    """List the text alternatives of the images."""
    return [image.alt for element in app.get("image") for image in element.proto.imgs]
