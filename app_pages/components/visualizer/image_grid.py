"""Grid of captioned images that enlarge on click and can be downloaded as one PNG."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import SPLIT_TITLES
from braintumor.enums import Plane
from braintumor.exploration.montage import PHANTOM_CAPTION, Tile, encode_png, make_montage, render_tile

_TILE_SIDE: Final = 220
_ENLARGED_SIDE: Final = 640
_GRID_COLUMNS: Final = 6


def show_tiles(tiles: Sequence[Tile], rows: pd.DataFrame, description: str, file: str) -> None:
    """Show tiles with a description and a download button.

    Parameters
    ----------
    rows : DataFrame
        Manifest row of each tile.
    """
    st.markdown(description)
    row_dicts = rows.to_dict("records")
    grid = st.grid(_GRID_COLUMNS, min_column_width=130, gap="small")
    for number, (tile, row) in enumerate(zip(tiles, row_dicts, strict=True)):
        with grid.cell():
            _show_tile(tile, {str(key): str(value) for key, value in row.items()}, number)
    # The PNG is made only when it is downloaded.
    st.download_button(
        "Download as PNG", partial(tiles_to_png, tuple(tiles)), file, "image/png", on_click="ignore", key="montage-png"
    )


def tiles_to_png(tiles: Sequence[Tile]) -> bytes:
    """Encode all tiles with their captions as one PNG."""
    return encode_png(make_montage(tiles, _GRID_COLUMNS if len(tiles) > _GRID_COLUMNS else 3, _TILE_SIDE))


def _show_tile(tile: Tile, row: dict[str, str], number: int) -> None:
    name, details = tile.caption
    with st.container(key=f"tile-{number}", gap=None):
        st.image(render_tile(tile, _TILE_SIDE), width="stretch", output_format="JPEG", alt=_alt_text(tile, row))
        # Transparent and over the image, so that the whole image is the button.
        if st.button(f"Enlarge {name}", key=f"enlarge-{number}", type="tertiary"):
            st.dialog(name, width="medium")(_enlarge)(tile, row)
    st.caption(f"`{name}`  \n{details}" if PHANTOM_CAPTION not in details else f"{name}  \n**{details}**")


def _enlarge(tile: Tile, row: dict[str, str]) -> None:
    """Show one enlarged image with its manifest data."""
    st.image(render_tile(tile, _ENLARGED_SIDE), width="stretch", alt=_alt_text(tile, row))
    properties = {
        "Class and size": tile.caption[1],
        "Plane": row.get("plane", ""),
        "Source dataset": row.get("origin", ""),
        "Split": SPLIT_TITLES.get(row.get("split", ""), ""),
        "Official folder": row.get("original_split", ""),
        "Patient": row.get("patient", ""),
        "Group": row.get("group", ""),
    }
    st.table(pd.Series({k: v for k, v in properties.items() if v}, name="Value").to_frame(), border="horizontal",
             hide_header=True)  # fmt: skip


def _alt_text(tile: Tile, row: dict[str, str]) -> str:
    plane = row.get("plane", "")
    phrases = [", ".join(tile.caption)]
    phrases += [f"{plane} plane" if plane != Plane.UNKNOWN else "plane unknown"] if plane else []
    phrases += ["tumour outlined"] if tile.mask is not None else []
    return f"{'; '.join(phrases)}."
