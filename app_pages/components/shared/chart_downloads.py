"""Downloads of a chart: PNG and SVG, which the browser makes, and its values as CSV."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.page_tools import register_component

Values = Callable[[], pd.DataFrame]


def show_chart_downloads(figure: go.Figure, key: str, values: Values | None = None) -> None:
    """Show the downloads of a chart.

    Parameters
    ----------
    key : str
        Key of the chart on the page, and name of the files.
    values : callable, optional
        Makes the table of the CSV when it is downloaded; `chart_values` by default.
    """
    with st.popover("Download", icon=":material/download:", type="tertiary", key=f"downloads-{key}"):
        register_component("chart_downloads")(key=f"picture-{key}", data={"chart": key, "file": key})
        st.download_button(
            "CSV", lambda: to_csv_bytes(values() if values else chart_values(figure)), f"{key}.csv", "text/csv",
            on_click="ignore", key=f"csv-{key}", width="stretch",
        )  # fmt: skip


def chart_values(figure: go.Figure) -> pd.DataFrame:
    """Return the values of a chart as a table.

    Traces without hover text are decoration and are left out.

    Returns
    -------
    DataFrame
        Of a map: one row per row of pixels, with the positions of rows and columns. Of any other chart: one row per
        point, with the name of its series, its position in the units of the axes, and the ends of its interval.
    """
    traces = [trace for trace in figure.data if trace.hoverinfo != "skip"]
    for trace in traces:
        if trace.type == "heatmap":
            return _map_values(trace)
    return pd.concat([_point_values(trace, figure.layout) for trace in traces], ignore_index=True)


def to_csv_bytes(table: pd.DataFrame) -> bytes:
    """Encode a table as CSV, with a byte order mark for Excel."""
    content: str = table.to_csv(index=False, lineterminator="\n")
    return content.encode("utf-8-sig")


def _map_values(trace: Any) -> pd.DataFrame:
    height, width = np.shape(trace.z)
    rows = (trace.y0 or 0) + (trace.dy or 1) * np.arange(height)
    columns = (trace.x0 or 0) + (trace.dx or 1) * np.arange(width)
    return pd.DataFrame(trace.z, pd.Index(rows, name="row"), columns).reset_index()


def _point_values(trace: Any, layout: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {"series": trace.name} if trace.name else {}
    if "text" in (getattr(trace, "mode", None) or ""):
        columns["name"] = trace.text
    for letter in ("x", "y"):
        positions = trace[letter]
        if positions is None:  # violins and histograms have one axis
            continue
        axis = layout[f"{letter}axis{(getattr(trace, f'{letter}axis', None) or letter)[1:]}"]
        title, values = _axis_values(axis, pd.Series(positions))
        name = title if title not in columns else f"{title} ({letter})"
        columns |= {name: values, **_interval_ends(trace, letter, name, values)}
    return pd.DataFrame(
        {title: pd.Series(values) if title != "series" else values for title, values in columns.items()}
    )


def _axis_values(axis: Any, positions: pd.Series) -> tuple[str, pd.Series]:
    """Return title and values of an axis; positions with a text are replaced by it."""
    if axis.ticktext is not None:
        texts = dict(zip(axis.tickvals, axis.ticktext, strict=True))
        return axis.title.text or "label", positions.map(lambda position: texts.get(position, position))
    return axis.title.text or ("value" if pd.api.types.is_numeric_dtype(positions) else "label"), positions


def _interval_ends(trace: Any, letter: str, name: str, values: pd.Series) -> dict[str, pd.Series]:
    bars = getattr(trace, f"error_{letter}", None)
    if bars is None or bars.array is None:
        return {}
    high, low = pd.Series(bars.array), pd.Series(bars.array if bars.arrayminus is None else bars.arrayminus)
    return {f"{name}, 95% CI low": values - low, f"{name}, 95% CI high": values + high}
