"""Montage: many slices side by side, each with its name and size, and its tumour outlined where asked."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from braintumor.datasets.masks import load_mask
from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN, make_phantom
from braintumor.enums import CLASSES, Plane, Split, TumorClass
from braintumor.imaging import Scan, read_scan
from braintumor.imaging.overlay import outline_mask
from braintumor.settings import Settings, get_settings

ImageArray = NDArray[np.uint8]
PHANTOM_CAPTION: Final = "drawn, not a scan"
_CAPTION_HEIGHT: Final = 30
_GAP: Final = 4
_BACKGROUND_COLOR: Final = (16, 18, 22)
_TEXT_COLOR: Final = (226, 230, 236)
# Light yellow stands out from every grey and is told from it by everyone.
_OUTLINE_COLOR: Final = (255, 221, 51)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One slice of a montage.

    Attributes
    ----------
    path : str
        As in the manifest; empty for a phantom drawn on the spot.
    caption : tuple of str
        Lines under the picture: the file's name, and its class and size.
    pixels : ndarray of uint8, shape (height, width)
    mask : ndarray of bool, shape (height, width), or None
    """

    path: str
    caption: tuple[str, str]
    pixels: ImageArray
    mask: NDArray[np.bool_] | None = None


def sample_rows(
    manifest: pd.DataFrame,
    count: int,
    seed: int = 0,
    labels: Collection[TumorClass | str] | None = None,
    plane: Plane | str | None = None,
    split: Split | str | None = None,
) -> pd.DataFrame:
    """Draw rows of the manifest by lot, without repeats; the same arguments draw the same rows.

    `labels`, `plane` and `split` narrow the choice; None means any. Gives fewer rows where fewer fit.
    """
    fits = pd.Series(True, index=manifest.index)
    if labels is not None:
        fits &= manifest["label"].isin([str(label) for label in labels])
    if plane is not None:
        fits &= manifest["plane"] == str(plane)
    if split is not None:
        fits &= manifest["split"] == str(split)
    rows = manifest[fits].sort_values("path")
    order = np.random.default_rng(seed).permutation(len(rows))[:count]
    return rows.iloc[order].reset_index(drop=True)


def load_tiles(rows: pd.DataFrame, settings: Settings | None = None, *, outlines: bool = False) -> list[Tile]:
    """Read the slices of manifest rows from disk.

    Raises
    ------
    ScanError
        A file is missing or damaged.
    """
    settings = settings or get_settings()
    found = []
    for row in rows.to_dict("records"):
        scan = read_dataset_image(row["path"], settings)
        kind = PHANTOM_CAPTION if row["origin"] == PHANTOM_ORIGIN else TumorClass(row["label"]).title
        size = {"width": scan.width, "height": scan.height}
        mask = load_mask({"path": row["path"], "sha256": row["sha256"], **size}, settings) if outlines else None
        caption = (scan.name, f"{kind}, {scan.width} x {scan.height}")
        found.append(Tile(row["path"], caption, scan.to_uint8(), mask))
    return found


def read_dataset_image(path: str, settings: Settings) -> Scan:
    """Read an image of the set by its path in the manifest.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    return read_scan(settings.dataset / path, settings=settings)


def make_phantom_tiles(
    count: int, seed: int = 0, labels: Collection[TumorClass | str] | None = None, *, outlines: bool = False
) -> list[Tile]:
    """Drawn stand-ins for where the image set is absent, and said to be drawn in their captions."""
    kinds = [c for c in CLASSES if labels is None or str(c) in {str(label) for label in labels}]
    found = []
    for number in range(count if kinds else 0):
        label = kinds[number % len(kinds)]
        phantom = make_phantom(label, 1000 * seed + number)
        mask = phantom.mask if outlines and phantom.mask.any() else None
        found.append(Tile("", (f"{label.title} {number + 1}", PHANTOM_CAPTION), phantom.pixels, mask))
    return found


def render_tile(tile: Tile, tile_size: int) -> ImageArray:
    """A tile fitted into a square of `side` pixels, its aspect kept, RGB, the tumour outlined where it has a mask."""
    height, width = tile.pixels.shape
    scale = tile_size / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(tile.pixels).resize(size, Image.Resampling.LANCZOS).convert("RGB")
    if tile.mask is not None:
        mask = Image.fromarray(tile.mask.astype(np.uint8) * np.uint8(255)).resize(size, Image.Resampling.BILINEAR)
        image.paste(_OUTLINE_COLOR, mask=Image.fromarray(outline_mask(np.asarray(mask) > 127, thickness=1)))
    square = Image.new("RGB", (tile_size, tile_size))
    square.paste(image, ((tile_size - size[0]) // 2, (tile_size - size[1]) // 2))
    return np.asarray(square)


def make_montage(tiles: Sequence[Tile], columns: int = 4, tile_size: int = 176) -> ImageArray:
    """Lay tiles out in rows, captions below.

    Parameters
    ----------
    chosen : sequence of Tile
    columns : int
        Tiles in a row, at least 1.
    side : int
        Side of a tile's picture in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB. An empty montage is one empty tile.

    Raises
    ------
    ValueError
        `columns` or `side` is not positive.
    """
    if columns < 1 or tile_size < 1:
        raise ValueError(f"A montage needs a positive number of columns and side, not {columns} and {tile_size}.")
    across = max(1, min(columns, len(tiles)))
    down = max(1, -(-len(tiles) // columns))
    width, height = tile_size + _GAP, tile_size + _CAPTION_HEIGHT + _GAP
    sheet = Image.new("RGB", (across * width + _GAP, down * height + _GAP), _BACKGROUND_COLOR)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for number, tile in enumerate(tiles):
        left, top = _GAP + (number % columns) * width, _GAP + (number // columns) * height
        sheet.paste(Image.fromarray(render_tile(tile, tile_size)), (left, top))
        for line, text in enumerate(tile.caption):
            pen.text(
                (left + 2, top + tile_size + 1 + 13 * line),
                _truncate_text(pen, font, text, tile_size - 4),
                _TEXT_COLOR,
                font,
            )
    return np.asarray(sheet)


def _truncate_text(
    canvas: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, text: str, max_width: int
) -> str:
    """The text, cut where it would run into the next tile."""
    if canvas.textlength(text, font) <= max_width:
        return text
    while text and canvas.textlength(f"{text}...", font) > max_width:
        text = text[:-1]
    return f"{text}..."


def encode_png(image: ImageArray) -> bytes:
    """A picture as the content of a PNG file, for a download."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", optimize=True)
    return stream.getvalue()
