"""Previews: test and validation images of the Kaggle set (CC0) at 128 pixels, for pages without the image set."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

_FOLDER: Final = Path(__file__).parent
PREVIEWS_FILE: Final = _FOLDER / "previews.csv"
SHEET_FILE: Final = _FOLDER / "previews.webp"
PREVIEW_SIDE: Final = 128
SHEET_COLUMNS: Final = 20


@cache
def list_previews() -> pd.DataFrame:
    """Return the manifest rows of all previews; `width` and `height` are those of the preview. Do not modify it."""
    return pd.read_csv(PREVIEWS_FILE, dtype={"patient": str}, keep_default_na=False)


def load_preview(path: str) -> NDArray[np.uint8]:
    """Return the preview of an image, shape (height, width), by its path in the manifest.

    Raises
    ------
    KeyError
        There is no preview of it.
    """
    index, width, height = _places()[path]
    top, left = index // SHEET_COLUMNS * PREVIEW_SIDE, index % SHEET_COLUMNS * PREVIEW_SIDE
    return _sheet()[top : top + height, left : left + width]


@cache
def _places() -> dict[Any, tuple[int, int, int]]:
    table = list_previews()
    return {
        path: (index, int(width), int(height))
        for index, (path, width, height) in enumerate(zip(table["path"], table["width"], table["height"], strict=True))
    }


@cache
def _sheet() -> NDArray[np.uint8]:
    with Image.open(SHEET_FILE) as image:
        return np.asarray(image.convert("L"))
