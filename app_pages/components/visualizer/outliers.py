"""Out of place: the images that are furthest from their class in some fact, as pictures and as a table."""

from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.page import show_missing
from app_pages.components.visualizer.data import get_outliers
from app_pages.components.visualizer.manifest_table import to_csv_bytes
from braintumor.errors import BrainTumorError
from braintumor.exploration.montage import Tile, read_dataset_image, render_tile
from braintumor.exploration.outliers import describe_outlier, summarize_outliers
from braintumor.settings import get_settings

_IMAGE_COUNT: Final = 6
_IMAGE_SIDE: Final = 220


def show_outliers(features: pd.DataFrame) -> None:
    """Those among the images of a table of facts."""
    every = get_outliers()
    found = every[every["path"].isin(features["path"])]
    st.markdown(summarize_outliers(found, len(features)))
    st.caption(
        "Far from its class need not be wrong: another scanner, another way of saving, a tint or a caption burnt in. "
        "Each is what a model could learn instead of the tumour."
    )
    if found.empty:
        return
    _show_images(found.head(_IMAGE_COUNT))
    titles = {"label": "class", "usual": "usual in the class", "deviations": "standard deviations away"}
    names = {c: st.column_config.Column(titles.get(c, c)) for c in map(str, found.columns)}
    for number in ("value", "usual", "deviations"):
        names[number] = st.column_config.NumberColumn(titles.get(number, number), format="%.3g")
    st.dataframe(found, hide_index=True, height=min(320, 37 + 35 * len(found)), column_config=names, key="outliers")
    st.download_button(
        "Download them as CSV", partial(to_csv_bytes, found), "out-of-place.csv", "text/csv", on_click="ignore",
        key="outliers-csv",
    )  # fmt: skip


def _show_images(rows: pd.DataFrame) -> None:
    settings = get_settings()
    if not settings.dataset.is_dir():
        show_missing("The images themselves are not on this machine. Get them with:", "braintumor data fetch")
        return
    grid = st.grid(_IMAGE_COUNT, min_column_width=130, gap="small")
    for row in rows.to_dict("records"):
        name = row["path"].rpartition("/")[2]
        about = describe_outlier(row)
        with grid.cell():
            try:
                tile = Tile(row["path"], (name, about), read_dataset_image(row["path"], settings).to_uint8())
            except BrainTumorError as problem:
                st.caption(str(problem))
                continue
            st.image(render_tile(tile, _IMAGE_SIDE), width="stretch", output_format="JPEG", alt=f"{name}. {about}.")
            st.caption(f"`{name}`  \n{about}")
