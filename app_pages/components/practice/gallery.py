"""Gallery: test scans of one class with what the model says of them, by probability or the worst mistakes first."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from app_pages.components.practice import images as pictures
from app_pages.components.practice.round import has_images
from app_pages.components.shared import cache
from app_pages.components.shared.formatting import VERDICT_TITLES, class_text, join_words, pluralize
from app_pages.components.shared.page import show_missing
from braintumor.datasets.catalog import KAGGLE, training_dataset
from braintumor.enums import CLASSES, TUMOR_LABEL, Split, TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.reader_study.cases import Case, case_from_row, load_case, phantom_cases
from braintumor.reporting.labels import label_key
from braintumor.results.version import VersionReport

_PAGE_SIZE: Final = 12
_GALLERY_COLUMNS: Final = 4
_IMAGE_SIDE: Final = 320
_PHANTOM_COUNT: Final = 24
_MOST_WRONG_FIRST: Final = "Most wrong first"
_ORDERS: Final[dict[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    _MOST_WRONG_FIRST: lambda rows: rows.sort_values("p_truth", kind="stable"),
    "Surest and right first": lambda rows: rows.sort_values("p_truth", kind="stable", ascending=False),
    "Tumour probability, high first": lambda rows: rows.sort_values(
        "tumor_probability", kind="stable", ascending=False
    ),
    "Tumour probability, low first": lambda rows: rows.sort_values("tumor_probability", kind="stable"),
}


def show_gallery(detector: Detector, report: VersionReport) -> None:
    """Choose a class and an order, and turn the pages."""
    here = has_images()
    if not here:
        pictures.show_phantom_notice("the gallery shows drawings.")
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        label = st.segmented_control(
            "Class", CLASSES, default=CLASSES[0], format_func=lambda c: c.title, key="practice-class", required=True,
            persist_state="session", wrap=True,
        )  # fmt: skip
        order = st.selectbox("Order", list(_ORDERS), key="practice-order", width=280, persist_state="session")
    truth = _true_label(detector, label)
    rows = _scan_rows(detector.version, label, truth) if here else _phantom_rows(detector, label, truth)
    if rows.empty and training_dataset(report.recipe) != KAGGLE:
        st.markdown(
            f"Version {detector.version} learnt from another image set and was tested on that one, where nobody said "
            "the kinds. What it says of these scans is told under Blind reading."
        )
        return
    if rows.empty:
        show_missing(
            f"There is no prediction of a test scan of {class_text(label)}. Write them with:", report.evaluate_command
        )
        return
    st.markdown(_summarize_rows(rows, label, detector.version, "test scan" if here else "phantom"))
    pages = -(-len(rows) // _PAGE_SIZE)
    page = st.pagination(pages, key=f"practice-page-{label}-{order}") if pages > 1 else 1
    _show_tiles(_ORDERS[order](rows).iloc[(page - 1) * _PAGE_SIZE : page * _PAGE_SIZE], label)


def _summarize_rows(rows: pd.DataFrame, label: TumorClass, version: str, unit: str) -> str:
    """How many the version got right, called something else and refused."""
    refused = rows["verdict"] == str(Verdict.NOT_BRAIN_MRI)
    right = int(((rows["predicted"] == rows["truth"]) & ~refused).sum())
    parts = [f"{right:,} right ({right / len(rows):.0%})"]
    parts += [f"{others:,} called something else"] if (others := len(rows) - right - int(refused.sum())) else []
    parts += [f"{refused.sum():,} refused"] if refused.any() else []
    return f"{pluralize(len(rows), unit)} of {class_text(label)}; {version}: {join_words(parts)}."


def _show_prediction_badge(predicted: str, truth: str, rejected: bool) -> None:
    text = "Gave no class" if rejected else f"Called {class_text(predicted)}"
    if predicted == truth and not rejected:
        st.badge(text, color="green", icon=":material/check:")
    else:
        st.badge(text, color="red", icon=":material/close:")


def _true_label(detector: Detector, label: TumorClass) -> str:
    """What a right answer is called: the class, or any tumour where the version tells no kinds."""
    return TUMOR_LABEL if label.is_tumor and detector.artifact.card.binary_threshold is not None else str(label)


def _scan_rows(version: str, label: TumorClass, truth: str) -> pd.DataFrame:
    """Test scans of a class that a version has predicted, with the probability of the truth."""
    said, manifest = cache.get_predictions(version), cache.get_dataset().manifest
    column = "tumor_probability" if truth == TUMOR_LABEL else f"p_{label}"
    if said.empty or column not in said.columns:
        return pd.DataFrame()
    rows = said[(said["split"] == str(Split.TEST)) & (said["label"] == str(label))]
    facts = manifest[["path", "sha256", "width", "height", "origin", "group"]]
    return (
        rows.drop(columns="group", errors="ignore")
        .merge(facts, on="path")
        .assign(p_truth=lambda table: table[column], truth=truth)
    )


def _phantom_rows(detector: Detector, label: TumorClass, truth: str) -> pd.DataFrame:
    return _cached_phantom_rows(
        detector.version, str(label), truth, cache.stamp_folder(detector.artifact.folder), detector
    )


@st.cache_data(show_spinner="Reading the phantoms", max_entries=16)
def _cached_phantom_rows(
    version: str, label: str, truth: str, when: cache.FolderStamp, _detector: Detector
) -> pd.DataFrame:
    """Phantoms of a class, read on the spot: no prediction of them was written down."""
    rows = []
    for case in [case for case in phantom_cases(0) if case.label == label][:_PHANTOM_COUNT]:
        found = _detector.detect(load_case(case), case.name)
        rows.append(
            {"patient": case.phantom_id, "group": case.group, "predicted": label_key(found), "truth": truth,
             "p_truth": found.tumor_probability if truth == TUMOR_LABEL else found.probabilities[case.label],
             "tumor_probability": found.tumor_probability, "verdict": str(found.verdict)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _show_tiles(rows: pd.DataFrame, label: TumorClass) -> None:
    grid = st.grid(_GALLERY_COLUMNS, min_column_width=150, gap="small")
    for number, row in enumerate(rows.to_dict("records")):
        with grid.cell():
            _show_tile(number, {str(key): value for key, value in row.items()}, label)


def _show_tile(number: int, row: Mapping[str, Any], label: TumorClass) -> None:
    drawn_here = "path" not in row
    case = Case(label, row["group"], True, phantom_id=row["patient"]) if drawn_here else case_from_row(row)
    called, truth, verdict = row["predicted"], row["truth"], VERDICT_TITLES[Verdict(row["verdict"])]
    said = f"{class_text(called)}, {row['p_truth']:.1%} for {class_text(truth)}"
    try:
        picture = _cached_image(case)
    except BrainTumorError as problem:
        st.caption(str(problem))
        return
    with st.container(key=f"scan-gallery-{number}", gap="xxsmall"):
        st.image(
            picture, width="stretch", output_format="JPEG",
            alt=f"{case.name}, {class_text(label)}{', drawn' if case.is_phantom else ''}: called {said}.",
        )  # fmt: skip
        if case.is_phantom:
            st.caption("**Drawn, not a scan**")
        _show_prediction_badge(called, truth, Verdict(row["verdict"]) is Verdict.NOT_BRAIN_MRI)
        shares = f"{label.title} {row['p_truth']:.1%}, tumour {row['tumor_probability']:.1%}"
        alone = f"Tumour {row['tumor_probability']:.1%}"
        st.caption(f"`{case.name}`  \n{alone if truth == TUMOR_LABEL else shares}  \n{verdict}")


@st.cache_data(show_spinner=False, max_entries=96)
def _cached_image(case: Case) -> NDArray:
    return pictures.render_scan(case, _IMAGE_SIDE)
