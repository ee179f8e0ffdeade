"""Gallery: test scans of one class with the model's predictions, sorted by probability."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.practice.images import render_scan
from app_pages.components.practice.round import has_images
from app_pages.components.samples.preview_notice import show_preview_notice
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, join_words, pluralize
from app_pages.components.shared.links import choose_from_list, choose_segment
from app_pages.components.shared.page import show_missing
from braintumor.datasets.catalog import KAGGLE, evaluation_dataset
from braintumor.enums import CLASSES, TUMOR_LABEL, Split, TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, case_from_row
from braintumor.results.version import VersionReport
from braintumor.samples import list_previews

_PAGE_SIZE: Final = 12
_GALLERY_COLUMNS: Final = 4
_IMAGE_SIDE: Final = 320
_ORDERS: Final[dict[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "Largest error first": lambda rows: rows.sort_values("p_truth", kind="stable"),
    "Most certain correct first": lambda rows: rows.sort_values("p_truth", kind="stable", ascending=False),
    "Highest tumour probability first": lambda rows: rows.sort_values(
        "tumor_probability", kind="stable", ascending=False
    ),
    "Lowest tumour probability first": lambda rows: rows.sort_values("tumor_probability", kind="stable"),
}


def show_gallery(detector: Detector, report: VersionReport) -> None:
    """Draw the choice of class and order, and one page of scans."""
    is_dataset_present = has_images()
    if not is_dataset_present:
        show_preview_notice("The predictions are those for the full images.")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        label = choose_segment("Class", CLASSES, "practice-class", format_func=lambda c: c.title, wrap=True)
        order = choose_from_list("Sort by", list(_ORDERS), "practice-order", width=280)
    truth = _true_label(detector, label)
    images = cache.get_dataset().manifest if is_dataset_present else list_previews().assign(is_preview=True)
    rows = _scan_rows(detector.version, label, truth, images)
    if rows.empty:
        _explain_empty(detector.version, label, report)
        return
    st.markdown(_summarize_rows(rows, label, detector.version, "test scan" if is_dataset_present else "preview"))
    page_count = -(-len(rows) // _PAGE_SIZE)
    page = st.pagination(page_count, key=f"practice-page-{label}-{order}") if page_count > 1 else 1
    _show_tiles(_ORDERS[order](rows).iloc[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE], label)


def _explain_empty(version: str, label: TumorClass, report: VersionReport) -> None:
    if evaluation_dataset(report.recipe) != KAGGLE:
        st.markdown(
            f"Version {version} was trained and tested on another image set, which has no tumour types. Its results "
            "for these scans are shown in the Blind reading tab."
        )
    elif not has_images() and not cache.get_predictions(version).empty:
        st.markdown(f"None of the previews of {class_text(label)} is a test scan of version {version}.")
    else:
        show_missing(f"No predictions of test scans of {class_text(label)}. Run:", report.evaluate_command)


def _summarize_rows(rows: pd.DataFrame, label: TumorClass, version: str, unit: str) -> str:
    """Count correct, wrong and rejected scans."""
    is_rejected = ~rows["verdict"].map(lambda verdict: Verdict(verdict).has_result)
    correct = int(((rows["predicted"] == rows["truth"]) & ~is_rejected).sum())
    counts = [f"{correct:,} correct ({correct / len(rows):.0%})"]
    if wrong := len(rows) - correct - int(is_rejected.sum()):
        counts.append(f"{wrong:,} wrong")
    if is_rejected.any():
        counts.append(f"{is_rejected.sum():,} rejected")
    return f"{pluralize(len(rows), unit)} of {class_text(label)}; {version}: {join_words(counts)}."


def _show_prediction_badge(predicted: str, truth: str, verdict: Verdict) -> None:
    is_rejected = not verdict.has_result
    text = VERDICT_TITLES[verdict] if is_rejected else f"Predicted {class_text(predicted)}"
    if predicted == truth and not is_rejected:
        st.badge(text, color="green", icon=":material/check:")
    else:
        st.badge(text, color="red", icon=":material/close:")


def _true_label(detector: Detector, label: TumorClass) -> str:
    """Return the correct answer: the class, or tumour for a binary model."""
    return TUMOR_LABEL if label.is_tumor and detector.artifact.card.binary_threshold is not None else str(label)


def _scan_rows(version: str, label: TumorClass, truth: str, images: pd.DataFrame) -> pd.DataFrame:
    """Return the predicted test scans of a class among images, with the probability of the correct answer."""
    predictions = cache.get_predictions(version)
    column = "tumor_probability" if truth == TUMOR_LABEL else f"p_{label}"
    if predictions.empty or column not in predictions.columns:
        return pd.DataFrame()
    rows = predictions[(predictions["split"] == str(Split.TEST)) & (predictions["label"] == str(label))]
    columns = ["path", "sha256", "width", "height", "origin", "group", "is_preview"]
    metadata = images[[column for column in columns if column in images]]
    return (
        rows.drop(columns="group", errors="ignore")
        .merge(metadata, on="path")
        .assign(p_truth=lambda table: table[column], truth=truth)
    )


def _show_tiles(rows: pd.DataFrame, label: TumorClass) -> None:
    grid = st.grid(_GALLERY_COLUMNS, min_column_width=150, gap="small")
    for number, row in enumerate(rows.to_dict("records")):
        with grid.cell():
            _show_tile(number, {str(key): value for key, value in row.items()}, label)


def _show_tile(number: int, row: Mapping[str, Any], label: TumorClass) -> None:
    case = replace(case_from_row(row), is_preview=bool(row.get("is_preview")))
    predicted, truth, verdict = row["predicted"], row["truth"], Verdict(row["verdict"])
    try:
        image = _cached_image(case)
    except BrainTumorError as error:
        st.caption(str(error))
        return
    synthetic = ", synthetic" if case.is_phantom else ""
    prediction = f"{class_text(predicted)}, {row['p_truth']:.1%} for {class_text(truth)}"
    with st.container(key=f"scan-gallery-{number}", gap="xxsmall"):
        st.image(
            image, width="stretch", output_format="JPEG",
            alt=f"{case.name}, {class_text(label)}{synthetic}: predicted {prediction}.",
        )  # fmt: skip
        if case.is_phantom:
            st.caption("**Synthetic, not a scan**")
        _show_prediction_badge(predicted, truth, verdict)
        probabilities = f"Tumour {row['tumor_probability']:.1%}"
        if truth != TUMOR_LABEL:
            probabilities = f"{label.title} {row['p_truth']:.1%}, {probabilities.lower()}"
        st.caption(f"`{case.name}`  \n{probabilities}  \n{VERDICT_TITLES[verdict]}")


@st.cache_data(show_spinner=False, max_entries=96)
def _cached_image(case: Case) -> NDArray:
    return render_scan(case, _IMAGE_SIDE)
