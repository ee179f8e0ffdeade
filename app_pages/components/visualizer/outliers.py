"""Outliers view: images with a feature far from their class median, as a grid and as a table."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.chart_downloads import to_csv_bytes
from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.data import get_outliers
from braintumor.errors import BrainTumorError
from braintumor.exploration.montage import Tile, read_dataset_image, render_tile
from braintumor.exploration.outliers import describe_outlier, summarize_outliers
from braintumor.settings import get_settings

_IMAGE_COUNT: Final = 6
_IMAGE_SIDE: Final = 220


def show_outliers(features: pd.DataFrame) -> None:
    """Show the outliers among the selected images."""
    outlier_table = get_outliers()
    outlier_table = outlier_table[outlier_table["path"].isin(features["path"])]
    st.markdown(summarize_outliers(outlier_table, len(features)))
    st.caption(
        "An outlier is not necessarily an error: it may come from another scanner, file format, tint or burned-in "
        "text. A model could learn any of these instead of the tumour."
    )
    if outlier_table.empty:
        return
    _show_images(outlier_table.head(_IMAGE_COUNT))
    titles = {"label": "class", "fact": "feature", "usual": "class median", "deviations": "standard deviations"}
    columns = {c: st.column_config.Column(titles.get(c, c)) for c in map(str, outlier_table.columns)}
    for number in ("value", "usual", "deviations"):
        columns[number] = st.column_config.NumberColumn(titles.get(number, number), format="%.3g")
    height = min(320, 37 + 35 * len(outlier_table))
    st.dataframe(outlier_table, hide_index=True, height=height, column_config=columns, key="outliers")
    st.download_button(
        "Download outliers as CSV", partial(to_csv_bytes, outlier_table), "outliers.csv", "text/csv", on_click="ignore",
        key="outliers-csv",
    )  # fmt: skip


def _show_images(rows: pd.DataFrame) -> None:
    settings = get_settings()
    if not settings.dataset.is_dir():
        show_missing("The images are not on this machine. Download them with:", "braintumor data fetch")
        return
    grid = st.grid(_IMAGE_COUNT, min_column_width=130, gap="small")
    for row in rows.to_dict("records"):
        name = row["path"].rpartition("/")[2]
        details = describe_outlier(row)
        with grid.cell():
            try:
                tile = Tile(row["path"], (name, details), read_dataset_image(row["path"], settings).to_uint8())
            except BrainTumorError as error:
                st.caption(str(error))
                continue
            st.image(render_tile(tile, _IMAGE_SIDE), width="stretch", output_format="JPEG", alt=f"{name}. {details}.")
            st.caption(f"`{name}`  \n{details}")
