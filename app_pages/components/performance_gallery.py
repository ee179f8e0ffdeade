"""Gallery of localization: the scans where the mask fits worst, middling and best, with both outlines."""

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components import artifacts
from app_pages.components.frame import show_section
from app_pages.components.words import class_text
from braintumor.dataset.alignment import load_mask, masks_folder
from braintumor.errors import BrainTumorError
from braintumor.evaluation.report import VersionReport
from braintumor.imaging import read_scan
from braintumor.imaging.overlay import outline_mask
from braintumor.settings import get_settings

# Okabe and Ito: told apart with any colour vision.
_TRUTH_COLOR: Final = (86, 180, 233)
_PREDICTION_COLOR: Final = (230, 159, 0)
_GALLERY_COLUMNS: Final = 4
_IMAGE_SIDE: Final = 320


def show_localization_gallery(report: VersionReport, split: str) -> None:
    """Scans of a split by how well the mask fits; nothing where the version has no mask or the images are not here."""
    rows = artifacts.get_predictions(report.version)
    if "dice" not in rows.columns or not get_settings().dataset.is_dir():
        return
    rows = rows[(rows["split"] == split) & rows["dice"].notna()].sort_values("dice", kind="stable")
    show_section("Gallery", "Blue is the outline, orange the mask of the model.")
    kinds = ["Worst", "Middling", "Best"]
    kind = st.segmented_control("Fit", kinds, default=kinds[0], key="gallery-fit", required=True)
    start = {
        "Worst": 0,
        "Middling": max(0, len(rows) // 2 - _GALLERY_COLUMNS // 2),
        "Best": max(0, len(rows) - _GALLERY_COLUMNS),
    }[kind]
    grid = st.grid(_GALLERY_COLUMNS, min_column_width=150, gap="small")
    for row in rows.iloc[start : start + _GALLERY_COLUMNS].to_dict("records"):
        with grid.cell():
            _show_gallery_image(report.version, {str(key): value for key, value in row.items()})


def _show_gallery_image(version: str, row: dict[str, object]) -> None:
    said = f"{class_text(str(row['label']))}, Dice {float(str(row['dice'])):.2f}"
    try:
        settings = get_settings()
        stamp = artifacts.stamp_folder(settings.outputs / version)
        picture = draw_outlines(version, str(row["path"]), stamp, masks_folder(settings).is_dir())
    except BrainTumorError as error:
        st.caption(str(error))
        return
    st.image(picture, width="stretch", alt=f"Scan with the true outline and the mask of the model: {said}.")
    st.caption(f"`{str(row['path']).rsplit('/', 1)[-1]}`  \n{said}")


@st.cache_data(show_spinner=False, max_entries=64)
def draw_outlines(version: str, path: str, stamp: artifacts.FolderStamp, has_masks: bool) -> NDArray[np.uint8]:
    """A scan of the image set with both outlines, RGB, as long as the files of the version stay the same.

    `masked` says whether the true outlines are at hand: a scan without them is drawn anew once they are.
    """
    settings = get_settings()
    scan = read_scan(settings.dataset / path, settings=settings)
    manifest = artifacts.get_dataset().manifest
    known = manifest[manifest["path"] == path] if not manifest.empty else pd.DataFrame()
    truth = None if known.empty else load_mask({str(k): v for k, v in known.iloc[0].items()}, settings)
    pixels = np.repeat(scan.to_uint8()[..., None], 3, axis=2)
    for mask, colour in ((truth, _TRUTH_COLOR), (artifacts.get_detector(version).detect(scan).mask, _PREDICTION_COLOR)):
        if mask is not None and mask.any():
            pixels[outline_mask(mask)] = colour
    scale = _IMAGE_SIDE / max(scan.width, scan.height)
    size = max(1, round(scan.width * scale)), max(1, round(scan.height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
