"""Gallery of localization: the scans where the mask fits worst, middling and best, with both outlines."""

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, CLASS_COLORS, NEUTRAL
from app_pages.components.shared.formatting import METRIC_TITLES, class_text, metric_value
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import choose_split_metrics, short_sample_size_text, show_text_table
from braintumor.datasets.catalog import BINARY_SET, training_dataset
from braintumor.datasets.masks import load_mask, masks_folder
from braintumor.enums import CLASSES
from braintumor.errors import BrainTumorError
from braintumor.imaging import read_scan
from braintumor.imaging.overlay import outline_mask
from braintumor.results.metric import Metrics
from braintumor.results.summaries import summarize_localization
from braintumor.results.version import VersionReport
from braintumor.settings import get_settings

# Okabe and Ito: told apart with any colour vision.
_TRUTH_COLOR: Final = (86, 180, 233)
_PREDICTION_COLOR: Final = (230, 159, 0)
_GALLERY_COLUMNS: Final = 4
_IMAGE_SIDE: Final = 320


def show_localization_gallery(report: VersionReport, split: str) -> None:
    """Scans of a split by how well the mask fits; nothing where the version has no mask or the images are not here."""
    rows = cache.get_predictions(report.version)
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
        stamp = cache.stamp_folder(settings.outputs / version)
        picture = draw_outlines(version, str(row["path"]), stamp, masks_folder(settings).is_dir())
    except BrainTumorError as error:
        st.caption(str(error))
        return
    st.image(picture, width="stretch", alt=f"Scan with the true outline and the mask of the model: {said}.")
    st.caption(f"`{str(row['path']).rsplit('/', 1)[-1]}`  \n{said}")


@st.cache_data(show_spinner=False, max_entries=64)
def draw_outlines(version: str, path: str, stamp: cache.FolderStamp, has_masks: bool) -> NDArray[np.uint8]:
    """A scan of the image set with both outlines, RGB, as long as the files of the version stay the same.

    `masked` says whether the true outlines are at hand: a scan without them is drawn anew once they are.
    """
    settings = get_settings()
    scan = read_scan(settings.dataset / path, settings=settings)
    manifest = cache.get_dataset().manifest
    known = manifest[manifest["path"] == path] if not manifest.empty else pd.DataFrame()
    truth = None if known.empty else load_mask({str(k): v for k, v in known.iloc[0].items()}, settings)
    pixels = np.repeat(scan.to_uint8()[..., None], 3, axis=2)
    for mask, colour in ((truth, _TRUTH_COLOR), (cache.get_detector(version).detect(scan).mask, _PREDICTION_COLOR)):
        if mask is not None and mask.any():
            pixels[outline_mask(mask)] = colour
    scale = _IMAGE_SIDE / max(scan.width, scan.height)
    size = max(1, round(scan.width * scale)), max(1, round(scan.height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


_LOCALIZATION_METRICS: Final = ("dice", "iou", "pointing_game", "activation_inside", "map_pointing_game")


def render_localization(report: VersionReport) -> None:
    """Agreement with the outlines: overall, by class, plane and size, and the scans themselves."""
    show_section("Does it point at the tumour?", "Against the outlines of tumours that have one.")
    if training_dataset(report.card) == BINARY_SET:
        st.markdown("Nobody outlined the tumours this version was tested on, so where it points was not measured.")
        return
    found = choose_split_metrics(report, "places", "activation_inside", "Where this version points")
    if found is None:
        return
    split, metrics = found
    st.markdown(summarize_localization(metrics))
    names = [name for name in _LOCALIZATION_METRICS if name in metrics]
    rows = {
        METRIC_TITLES[name]: {
            "Value (95% interval)": metric_value(name, metrics[name]),
            "Scans": short_sample_size_text(metrics[name]),
        }
        for name in names
    }
    show_text_table(rows, "Metric", "places")
    if not names:
        return
    name = st.segmented_control(
        "Shown by class, plane and size", names, default=names[0], format_func=METRIC_TITLES.__getitem__,
        key="places-metric", required=True,
    )  # fmt: skip
    bars = _interval_rows(metrics, name)
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    unit = "plain" if name in ("dice", "iou") else "share"
    show_chart(
        plot_intervals(bars, unit),
        f"{METRIC_TITLES[name]} with 95% intervals. {said}.",
        f"places-{name}",
        70 + 34 * len(bars),
    )
    show_localization_gallery(report, split)


def _interval_rows(metrics: Metrics, name: str) -> list[IntervalRow]:
    bars = [IntervalRow("All", metrics[name], metric_value(name, metrics[name]), ACCENT)]
    for label in CLASSES:
        if estimate := metrics.get(f"{name}/{label}"):
            bars.append(IntervalRow(label.title, estimate, metric_value(name, estimate), CLASS_COLORS[label]))
    for part in (n.removeprefix(name) for n in metrics if n.startswith(f"{name}@")):
        estimate = metrics[f"{name}{part}"]
        which = part.partition(":")[2].capitalize()
        shown = f"{which} tumours" if part.startswith("@size") else which
        bars.append(IntervalRow(shown, estimate, metric_value(name, estimate), NEUTRAL))
    return bars
