"""Montage: random images of a class from whatever lies on disk, the same for the same seed."""

import pandas as pd
import streamlit as st

from app_pages.components.frame import missing
from app_pages.components.words import count
from braintumor.errors import ScanError
from braintumor.exploration.montage import choose, picture, tiles
from braintumor.settings import get_settings
from braintumor.vocabulary import CLASSES, TumorClass

_TILES = 12
_SIDE = 220


def show_montage(manifest: pd.DataFrame) -> None:
    """Choose a class, and see some of its images."""
    if manifest.empty or not get_settings().dataset.is_dir():
        audit = ["braintumor data audit"] if manifest.empty else []
        missing(
            "The images themselves are not on this machine, so none can be shown. Get them with:",
            *["braintumor data fetch", *audit],
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label: TumorClass = st.segmented_control(
            "Class", CLASSES, default=CLASSES[0], format_func=lambda c: c.title, key="montage", required=True
        )
        seed = int(st.number_input("Seed", 0, 9999, key="seed", width=120))
        st.button("New montage", on_click=_next_seed)
    rows = choose(manifest, _TILES, seed, [label])
    try:
        found = tiles(rows)
    except ScanError as problem:
        missing(f"{problem} Restore the images with:", "braintumor data fetch")
        return
    grid = st.grid(6, min_column_width=120, gap="xsmall")
    for tile, plane in zip(found, rows["plane"], strict=True):
        said = f"{', '.join(tile.caption)}; {plane} plane."
        with grid.cell():
            st.image(picture(tile, _SIDE), width="stretch", alt=said)
            st.caption("  \n".join(f"`{line}`" if place == 0 else line for place, line in enumerate(tile.caption)))
    of = int((manifest["label"] == label).sum())
    st.caption(f"{count(len(found), 'image')} of {of:,} of the class {label.title}, drawn with seed {seed}.")


def _next_seed() -> None:
    st.session_state["seed"] = (st.session_state["seed"] + 1) % 10_000
