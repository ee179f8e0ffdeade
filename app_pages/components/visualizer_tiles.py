"""Tiles: single images in a grid, each with its name and size; a click enlarges, and the whole comes as a PNG."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from app_pages.components.words import SPLIT_TITLES
from braintumor.exploration.montage import DRAWN, Tile, montage, picture, to_png
from braintumor.vocabulary import Plane

_SIDE: Final = 220
_LARGE: Final = 640
_COLUMNS: Final = 6


def show_tiles(tiles: Sequence[Tile], rows: pd.DataFrame, said: str, file: str) -> None:
    """Draw tiles with what they show in a sentence, and offer them as one picture.

    Parameters
    ----------
    rows : DataFrame
        The manifest's row of each tile; empty for phantoms.
    """
    st.markdown(said)
    facts = rows.to_dict("records") if not rows.empty else [{} for _ in tiles]
    grid = st.grid(_COLUMNS, min_column_width=130, gap="small")
    for number, (tile, row) in enumerate(zip(tiles, facts, strict=True)):
        with grid.cell():
            _show_tile(tile, {str(key): str(value) for key, value in row.items()}, number)
    # Put together only when asked for.
    st.download_button(
        "Download as PNG", partial(sheet, tuple(tiles)), file, "image/png", on_click="ignore", key="montage-png"
    )


def sheet(tiles: Sequence[Tile]) -> bytes:
    """All tiles with their captions as one PNG."""
    return to_png(montage(tiles, _COLUMNS if len(tiles) > _COLUMNS else 3, _SIDE))


def _show_tile(tile: Tile, row: dict[str, str], number: int) -> None:
    name, about = tile.caption
    with st.container(key=f"tile-{number}", gap=None):
        st.image(picture(tile, _SIDE), width="stretch", output_format="JPEG", alt=_alt(tile, row))
        # Lies over the picture, unseen: the whole picture is the button.
        if st.button(f"Enlarge {name}", key=f"enlarge-{number}", type="tertiary"):
            st.dialog(name, width="medium")(_enlarge)(tile, row)
    st.caption(f"`{name}`  \n{about}" if DRAWN not in about else f"{name}  \n**{about}**")


def _enlarge(tile: Tile, row: dict[str, str]) -> None:
    """One image as large as there is room, with what is known of it."""
    st.image(picture(tile, _LARGE), width="stretch", alt=_alt(tile, row))
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


def _alt(tile: Tile, row: dict[str, str]) -> str:
    plane = row.get("plane", "")
    words = [", ".join(tile.caption)]
    words += [f"{plane} plane" if plane != Plane.UNKNOWN else "plane unknown"] if plane else []
    words += ["the tumour outlined"] if tile.mask is not None else []
    return f"{'; '.join(words)}."
