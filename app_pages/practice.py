"""Practice page: classify test scans before seeing the truth, compare with the model, browse scans by class."""

import streamlit as st

from app_pages.components.practice.blind_reading import show_blind_reading
from app_pages.components.practice.gallery import show_gallery
from app_pages.components.practice.round import (
    SEED_COUNT,
    SEED_KEY,
    current_round,
    has_images,
    score_pending,
    start_new_round,
)
from app_pages.components.practice.score import show_score
from app_pages.components.samples.preview_notice import show_preview_notice
from app_pages.components.shared import cache
from app_pages.components.shared.page import show_header, show_missing
from braintumor.datasets.catalog import BINARY_SET, KAGGLE, evaluation_dataset
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector

_TEST_SET_TEXTS = {
    KAGGLE.folder: "scans of the test split, without exact copies and contradictory labels; this model was not "
    "trained on them",
    BINARY_SET.folder: "scans of a larger image set; this model was trained on another one, which contains "
    "near-duplicates of some of them",
}
_LEAKY_TEST_SET_TEXT = "scans of the test split; this version used another split and was trained on many of them"


def show_round(detector: Detector) -> None:
    """Draw the current scan, the score so far and the choice of the round."""
    if not has_images():
        show_preview_notice("You and the model both read the previews. Its results on the full images can differ.")
    practice_round = current_round(detector.version)
    show_blind_reading(practice_round, detector)
    score_pending(practice_round, detector)
    show_score(practice_round, detector.version)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="practice-rounds"):
        st.number_input(
            "Round", 0, SEED_COUNT - 1, key=SEED_KEY, width=150, persist_state="session",
            help="The same number gives the same scans in the same order, so that readers can be compared.",
        )  # fmt: skip
        st.button("New round", on_click=start_new_round)
    st.caption(
        f"{len(practice_round.cases):,} {_describe_cases(detector.version)}. All four classes are equally likely, and "
        "each scan comes once. A new round starts a new score."
    )


def _describe_cases(version: str) -> str:
    if not has_images():
        return "previews of test scans"
    report = cache.get_report(version)
    dataset = evaluation_dataset(report.recipe)
    return _LEAKY_TEST_SET_TEXT if report.has_leakage and dataset == KAGGLE else _TEST_SET_TEXTS[dataset.folder]


show_header(
    "Practice",
    "Classify a scan before you see its true class, then compare with the truth and the model. Your answers are in the "
    "session log only.",
)
try:
    detector = cache.get_detector(cache.select_version())
except BrainTumorError as error:
    show_missing(f"No model is available to practise with. {error}")
else:
    blind_reading, gallery = st.tabs(["Blind reading", "Gallery"], key="practice", bind="query-params")
    # Only the open tab is drawn, so that the browser does not receive the gallery's classes during a blind reading.
    if blind_reading.open:
        with blind_reading:
            show_round(detector)
    if gallery.open:
        with gallery:
            show_gallery(detector, cache.get_report(detector.version))
