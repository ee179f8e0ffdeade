"""Every chart on every page downloads as PNG, SVG and CSV."""

import ast
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app_pages.components.shared.chart_downloads import chart_values, to_csv_bytes
from app_pages.components.shared.charts import IntervalRow, plot_intervals
from braintumor.results.metric import Metric


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node.func.attr


def test_only_the_chart_helper_draws_charts(root: Path) -> None:
    helper = root / "app_pages" / "components" / "shared" / "charts.py"
    drawing = {"plotly_chart", "altair_chart", "vega_lite_chart", "line_chart", "bar_chart", "scatter_chart", "pyplot"}
    others = [path for path in (root / "app_pages").rglob("*.py") if path != helper and drawing & set(_calls(path))]
    assert others == []
    assert "show_chart_downloads" in helper.read_text(encoding="utf-8")


def test_intervals_are_downloaded_with_labels_and_both_ends() -> None:
    rows = [IntervalRow("Dice", Metric(0.8, (0.7, 0.9)), ""), IntervalRow("Recall", Metric(0.5, (0.4, 0.8)), "")]
    table = chart_values(plot_intervals(rows))
    assert table["label"].tolist() == ["Dice", "Recall"]
    assert table["value"].tolist() == [0.8, 0.5]
    np.testing.assert_allclose(table["value, 95% CI low"], [0.7, 0.4])
    np.testing.assert_allclose(table["value, 95% CI high"], [0.9, 0.8])


def test_map_is_downloaded_as_a_matrix_of_its_values() -> None:
    figure = go.Figure(go.Heatmap(z=[[1, 2], [3, 4]], x0=0.5, dx=2, y0=0.5, dy=2))
    figure.add_scatter(x=[0], y=[0], hoverinfo="skip")
    read = pd.read_csv(io.BytesIO(to_csv_bytes(chart_values(figure))))
    assert read.columns.tolist() == ["row", "0.5", "2.5"]
    assert read.to_numpy().tolist() == [[0.5, 1, 2], [2.5, 3, 4]]


def test_series_keep_their_names_and_the_titles_of_the_axes() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[0, 1], y=[0.2, 0.4], name="Any tumour")
    figure.add_violin(y=[5.0], name="Glioma")
    figure.update_layout(xaxis_title="Recall", yaxis_title="Precision")
    assert chart_values(figure).to_dict("records")[0] == {"series": "Any tumour", "Recall": 0, "Precision": 0.2}
    assert chart_values(figure)["series"].tolist() == ["Any tumour", "Any tumour", "Glioma"]
