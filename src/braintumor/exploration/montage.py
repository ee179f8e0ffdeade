"""Sample images of the data set and arrange them in a captioned montage, optionally with tumour outlines."""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from braintumor.datasets.catalog import KAGGLE, ImageSet
from braintumor.datasets.external.sets import EXTERNAL_SET, load_external_mask
from braintumor.datasets.masks import load_mask
from braintumor.datasets.phantom_sets import PHANTOM_ORIGIN
from braintumor.enums import OTHER_LESION_LABEL, TUMOR_LABEL, Plane, Split, TumorClass
from braintumor.imaging import Scan, read_scan
from braintumor.imaging.overlay import outline_mask
from braintumor.samples import load_preview
from braintumor.settings import Settings, get_settings

ImageArray = NDArray[np.uint8]
PHANTOM_CAPTION: Final = "synthetic, not a scan"
OTHER_LABEL_TITLES: Final = {TUMOR_LABEL: "Tumour of another type", OTHER_LESION_LABEL: "Lesion, no tumour"}
"""Titles of the labels that only external sets have."""
_CAPTION_HEIGHT: Final = 30
_GAP: Final = 4
_BACKGROUND_COLOR: Final = (16, 18, 22)
_TEXT_COLOR: Final = (226, 230, 236)
# Light yellow is distinguishable from all greys, also with colour blindness.
_OUTLINE_COLOR: Final = (255, 221, 51)


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One image of a montage.

    Attributes
    ----------
    path : str
        Path in the manifest.
    caption : tuple of str
        Lines under the image: file name, then class and size.
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
    """Sample rows of the manifest without replacement; the same arguments return the same rows.

    `labels`, `plane` and `split` are filters; None means all. Returns fewer rows if fewer match.
    """
    matches = pd.Series(True, index=manifest.index)
    if labels is not None:
        matches &= manifest["label"].isin([str(label) for label in labels])
    if plane is not None:
        matches &= manifest["plane"] == str(plane)
    if split is not None:
        matches &= manifest["split"] == str(split)
    rows = manifest[matches].sort_values("path")
    order = np.random.default_rng(seed).permutation(len(rows))[:count]
    return rows.iloc[order].reset_index(drop=True)


def load_tiles(
    rows: pd.DataFrame, settings: Settings | None = None, *, outlines: bool = False, image_set: ImageSet = KAGGLE
) -> list[Tile]:
    """Read the images of manifest rows from disk.

    Parameters
    ----------
    image_set : ImageSet
        Set whose folder the paths are relative to.

    Raises
    ------
    ScanError
        A file is missing or damaged.
    """
    settings = settings or get_settings()
    find_mask = load_external_mask if image_set == EXTERNAL_SET else load_mask
    tiles = []
    for row in rows.to_dict("records"):
        scan = read_scan(settings.inputs / image_set.folder / row["path"], settings=settings)
        description = PHANTOM_CAPTION if row["origin"] == PHANTOM_ORIGIN else _label_title(row["label"])
        size = {"width": scan.width, "height": scan.height}
        mask = find_mask({"path": row["path"], "sha256": row["sha256"], **size}, settings) if outlines else None
        caption = (scan.name, f"{description}, {scan.width} x {scan.height}")
        tiles.append(Tile(row["path"], caption, scan.to_uint8(), mask))
    return tiles


def _label_title(label: str) -> str:
    return OTHER_LABEL_TITLES.get(label) or TumorClass(label).title


def read_dataset_image(path: str, settings: Settings) -> Scan:
    """Read an image of the data set by its path in the manifest.

    Raises
    ------
    ScanError
        The file is missing or damaged.
    """
    return read_scan(settings.dataset / path, settings=settings)


def load_preview_tiles(rows: pd.DataFrame) -> list[Tile]:
    """Return the previews that ship with the package as tiles; `rows` are of `list_previews`."""
    names = (path.rsplit("/", 1)[-1] for path in rows["path"])
    return [
        Tile(path, (name, f"{_label_title(label)}, preview"), load_preview(path))
        for path, name, label in zip(rows["path"], names, rows["label"], strict=True)
    ]


def render_tile(tile: Tile, tile_size: int) -> ImageArray:
    """Fit a tile into an RGB square of `tile_size` pixels, with its aspect ratio, and outline its mask."""
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
    """Arrange tiles in rows, with captions below.

    Parameters
    ----------
    tiles : sequence of Tile
    columns : int
        Tiles per row, at least 1.
    tile_size : int
        Width and height of a tile's image in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB. Without tiles, the size of one empty tile.

    Raises
    ------
    ValueError
        `columns` or `tile_size` is not positive.
    """
    if columns < 1 or tile_size < 1:
        raise ValueError(f"Columns and tile size of a montage must be positive, not {columns} and {tile_size}.")
    across = max(1, min(columns, len(tiles)))
    down = max(1, -(-len(tiles) // columns))
    width, height = tile_size + _GAP, tile_size + _CAPTION_HEIGHT + _GAP
    sheet = Image.new("RGB", (across * width + _GAP, down * height + _GAP), _BACKGROUND_COLOR)
    canvas = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for number, tile in enumerate(tiles):
        left, top = _GAP + (number % columns) * width, _GAP + (number // columns) * height
        sheet.paste(Image.fromarray(render_tile(tile, tile_size)), (left, top))
        for line, text in enumerate(tile.caption):
            canvas.text(
                (left + 2, top + tile_size + 1 + 13 * line),
                _truncate_text(canvas, font, text, tile_size - 4),
                _TEXT_COLOR,
                font,
            )
    return np.asarray(sheet)


def _truncate_text(
    canvas: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, text: str, max_width: int
) -> str:
    """Shorten a text to the width of a tile."""
    if canvas.textlength(text, font) <= max_width:
        return text
    while text and canvas.textlength(f"{text}...", font) > max_width:
        text = text[:-1]
    return f"{text}..."


def encode_png(image: ImageArray) -> bytes:
    """Encode an image as PNG."""
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "PNG", optimize=True)
    return stream.getvalue()
