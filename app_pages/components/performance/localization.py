"""Localization: agreement of mask and heat map with the reference outlines, and a gallery of scans with both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, CLASS_COLORS, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, class_text, metric_value
from app_pages.components.shared.links import choose_segment
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import choose_split_metrics, short_sample_size_text, show_text_table
from braintumor.datasets.catalog import BINARY_SET, evaluation_dataset
from braintumor.datasets.masks import load_mask, masks_folder
from braintumor.enums import CLASSES
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.imaging.overlay import outline_mask
from braintumor.results.metric import Metrics
from braintumor.results.summaries import summarize_localization
from braintumor.results.version import VersionReport
from braintumor.settings import get_settings

_LOCALIZATION_METRICS: Final = ("dice", "iou", "pointing_game", "activation_inside", "map_pointing_game")
_PLAIN_METRICS: Final = ("dice", "iou")
# Okabe and Ito: distinguishable with any colour vision.
_REFERENCE_COLOR: Final = (86, 180, 233)
_PREDICTION_COLOR: Final = (230, 159, 0)
_GALLERY_COLUMNS: Final = 4
_IMAGE_SIDE: Final = 320  # pixels


def show_localization(report: VersionReport) -> None:
    """Show the agreement with the reference outlines: overall, by subgroup, and in a gallery."""
    show_section(
        "Does it locate the tumour?",
        "Compared with the reference outlines of tumours that have one.",
        ("Dice, intersection over union (IoU)", "Pointing game", "Mask, outline", "Heat map"),
    )
    if evaluation_dataset(report.recipe) == BINARY_SET:
        st.markdown("The test images of this version have no reference outlines, so localization was not measured.")
        return
    selection = choose_split_metrics(report, "places", "activation_inside", "Localization")
    if selection is None:
        return
    split, metrics = selection
    st.markdown(summarize_localization(metrics))
    names = [name for name in _LOCALIZATION_METRICS if name in metrics]
    rows = {
        METRIC_TITLES[name]: {
            "Value (95% CI)": metric_value(name, metrics[name]),
            "Scans": short_sample_size_text(metrics[name]),
        }
        for name in names
    }
    show_text_table(rows, "Metric", "places")
    if names:
        _show_subgroups(metrics, names)
        show_localization_gallery(report, split)


def _show_subgroups(metrics: Metrics, names: Sequence[str]) -> None:
    name = choose_segment("By class, plane and size", names, "places-metric", format_func=METRIC_TITLES.__getitem__)
    rows = _interval_rows(metrics, name)
    alt = "; ".join(f"{row.label} {row.text}" for row in rows)
    show_chart(
        plot_intervals(rows, "plain" if name in _PLAIN_METRICS else "share"),
        f"{METRIC_TITLES[name]} with 95% confidence intervals. {alt}.",
        f"places-{name}",
        70 + 34 * len(rows),
    )


def _interval_rows(metrics: Metrics, name: str) -> list[IntervalRow]:
    rows = [IntervalRow("All", metrics[name], metric_value(name, metrics[name]), ACCENT)]
    for label in CLASSES:
        if metric := metrics.get(f"{name}/{label}"):
            rows.append(IntervalRow(label.title, metric, metric_value(name, metric), CLASS_COLORS[label]))
    for key, metric in metrics.items():
        if key.startswith(f"{name}@"):
            attribute, _, value = key.removeprefix(f"{name}@").partition(":")
            title = f"{value.capitalize()} tumours" if attribute == "size" else value.capitalize()
            rows.append(IntervalRow(title, metric, metric_value(name, metric), NEUTRAL))
    return rows


def show_localization_gallery(report: VersionReport, split: str) -> None:
    """Show scans of a split by Dice; nothing if the version has no mask or the images are missing."""
    predictions = cache.get_predictions(report.version)
    if "dice" not in predictions.columns or not get_settings().dataset.is_dir():
        return
    in_split = (predictions["split"] == split) & predictions["dice"].notna()
    rows = predictions[in_split].sort_values("dice", kind="stable")
    show_section(
        "Gallery", "Blue: reference outline. Orange: mask of the model.", ("Dice, intersection over union (IoU)",)
    )
    starts = {
        "Worst": 0,
        "Median": max(0, len(rows) // 2 - _GALLERY_COLUMNS // 2),
        "Best": max(0, len(rows) - _GALLERY_COLUMNS),
    }
    choice = choose_segment("Agreement", list(starts), "gallery-fit")
    grid = st.grid(_GALLERY_COLUMNS, min_column_width=150, gap="small")
    for row in rows.iloc[starts[choice] : starts[choice] + _GALLERY_COLUMNS].to_dict("records"):
        with grid.cell():
            _show_gallery_image(report.version, row)


def _show_gallery_image(version: str, row: Mapping[Any, Any]) -> None:
    path, caption = str(row["path"]), f"{class_text(str(row['label']))}, Dice {float(row['dice']):.2f}"
    settings = get_settings()
    stamp = cache.stamp_folder(settings.outputs / version)
    try:
        image = draw_outlines(version, path, stamp, masks_folder(settings).is_dir())
    except BrainTumorError as error:
        st.caption(str(error))
        return
    st.image(image, width="stretch", alt=f"Scan with the reference outline and the mask of the model: {caption}.")
    st.caption(f"`{path.rsplit('/', 1)[-1]}`  \n{caption}")


@st.cache_data(show_spinner="Reading and drawing the scan", max_entries=64)
def draw_outlines(version: str, path: str, stamp: cache.FolderStamp, has_masks: bool) -> NDArray[np.uint8]:
    """Draw reference outline and predicted mask onto a scan of the image set, as RGB.

    `stamp` and `has_masks` are only cache keys: the image is drawn again if the files of the version change, or if
    reference masks become available.
    """
    settings = get_settings()
    # The reference outline lies on the image as stored, so that it must not be turned.
    scan = replace(read_scan(settings.dataset / path, settings=settings), is_oriented=True)
    manifest = cache.get_dataset().manifest
    rows = manifest[manifest["path"] == path] if not manifest.empty else pd.DataFrame()
    reference = None if rows.empty else load_mask({str(k): v for k, v in rows.iloc[0].items()}, settings)
    prediction = cache.get_detector(version).detect(scan).mask
    pixels = np.repeat(scan.to_uint8()[..., None], 3, axis=2)
    for mask, color in ((reference, _REFERENCE_COLOR), (prediction, _PREDICTION_COLOR)):
        if mask is not None and mask.any():
            pixels[outline_mask(mask)] = color
    scale = _IMAGE_SIDE / max(scan.width, scan.height)
    size = max(1, round(scan.width * scale)), max(1, round(scan.height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
