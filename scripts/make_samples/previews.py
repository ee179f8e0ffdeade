"""Make the sheet of previews: small test and validation images for the pages, where the image set is missing."""

from typing import Final

import numpy as np
import pandas as pd
from PIL import Image

from braintumor.enums import CLASSES, Split
from braintumor.samples.previews import PREVIEW_SIDE, PREVIEWS_FILE, SHEET_COLUMNS, SHEET_FILE
from braintumor.settings import Settings

_COUNTS: Final = {Split.TEST: 60, Split.VALIDATION: 30}  # per class
_WEBP_QUALITY: Final = 80


def write_previews(rows: pd.DataFrame, settings: Settings) -> None:
    """Write the sheet and its table: per class and split, groups in turn, each by path."""
    turns = rows.assign(turn=rows.groupby("group").cumcount()).sort_values(["turn", "path"])
    chosen = pd.concat(
        turns[(turns["split"] == str(split)) & (turns["label"] == str(label))].head(count)
        for split, count in _COUNTS.items()
        for label in CLASSES
    ).reset_index(drop=True)
    sheet = Image.new("L", (SHEET_COLUMNS * PREVIEW_SIDE, -(-len(chosen) // SHEET_COLUMNS) * PREVIEW_SIDE))
    sizes = []
    for index, path in enumerate(chosen["path"]):
        with Image.open(settings.dataset / path) as image:
            gray = image.convert("L")
        gray.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
        sheet.paste(gray, (index % SHEET_COLUMNS * PREVIEW_SIDE, index // SHEET_COLUMNS * PREVIEW_SIDE))
        sizes.append(gray.size)
    sheet.save(SHEET_FILE, "WEBP", quality=_WEBP_QUALITY, method=6)
    columns = chosen[["path", "label", "plane", "split", "origin", "patient", "group", "original_split", "sha256"]]
    width, height = np.array(sizes).T
    columns.assign(width=width, height=height).to_csv(PREVIEWS_FILE, index=False, lineterminator="\n")
