"""Tiles: single images in a grid, each with its name and size; a click enlarges, and the whole comes as a PNG."""

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
    """Draw tiles with what they show in a sentence, and offer them as one picture.

    Parameters
    ----------
    rows : DataFrame
        The manifest's row of each tile; empty for phantoms.
    """
    st.markdown(description)
    facts = rows.to_dict("records") if not rows.empty else [{} for _ in tiles]
    grid = st.grid(_GRID_COLUMNS, min_column_width=130, gap="small")
    for number, (tile, row) in enumerate(zip(tiles, facts, strict=True)):
        with grid.cell():
            _show_tile(tile, {str(key): str(value) for key, value in row.items()}, number)
    # Put together only when asked for.
    st.download_button(
        "Download as PNG", partial(tiles_to_png, tuple(tiles)), file, "image/png", on_click="ignore", key="montage-png"
    )


def tiles_to_png(tiles: Sequence[Tile]) -> bytes:
    """All tiles with their captions as one PNG."""
    return encode_png(make_montage(tiles, _GRID_COLUMNS if len(tiles) > _GRID_COLUMNS else 3, _TILE_SIDE))


def _show_tile(tile: Tile, row: dict[str, str], number: int) -> None:
    name, about = tile.caption
    with st.container(key=f"tile-{number}", gap=None):
        st.image(render_tile(tile, _TILE_SIDE), width="stretch", output_format="JPEG", alt=_alt_text(tile, row))
        # Lies over the picture, unseen: the whole picture is the button.
        if st.button(f"Enlarge {name}", key=f"enlarge-{number}", type="tertiary"):
            st.dialog(name, width="medium")(_enlarge)(tile, row)
    st.caption(f"`{name}`  \n{about}" if PHANTOM_CAPTION not in about else f"{name}  \n**{about}**")


def _enlarge(tile: Tile, row: dict[str, str]) -> None:
    """One image as large as there is room, with what is known of it."""
    st.image(render_tile(tile, _ENLARGED_SIDE), width="stretch", alt=_alt_text(tile, row))
    known = {
        "Class and size": tile.caption[1],
        "Plane": row.get("plane", ""),
        "Origin": row.get("origin", ""),
        "Split": SPLIT_TITLES.get(row.get("split", ""), ""),
        "Official folder": row.get("original_split", ""),
        "Patient": row.get("patient", ""),
        "Group": row.get("group", ""),
    }
    st.table(pd.Series({k: v for k, v in known.items() if v}, name="Value").to_frame(), border="horizontal",
             hide_header=True)  # fmt: skip


def _alt_text(tile: Tile, row: dict[str, str]) -> str:
    plane = row.get("plane", "")
    words = [", ".join(tile.caption)]
    words += [f"{plane} plane" if plane != Plane.UNKNOWN else "plane unknown"] if plane else []
    words += ["the tumour outlined"] if tile.mask is not None else []
    return f"{'; '.join(words)}."
