"""The charts of a page under AppTest, and their downloads."""

import json

from streamlit.testing.v1 import AppTest


def charts_without_downloads(app: AppTest) -> list[str]:
    """Return the text alternatives of charts that cannot be downloaded as PNG, SVG and CSV."""
    pictures = {
        json.loads(each.proto.json)["chart"]
        for each in app.get("bidi_component")
        if each.proto.component_name == "chart_downloads"
    }
    tables = {_key(each.proto.id).removeprefix("csv-") for each in app.get("download_button")}
    charts = app.get("plotly_chart")
    return [chart.proto.alt for chart in charts if _key(chart.proto.id) not in pictures & tables]


def _key(element_id: str) -> str:
    """Return the key in the ID of an element, such as `$$ID-5b1f-roc`."""
    return element_id.split("-", 2)[2]
