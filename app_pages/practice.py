"""Practice: read test scans blind against the model, and browse them class by class."""

import streamlit as st

from app_pages.components.practice import images as pictures
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
from app_pages.components.shared import cache
from app_pages.components.shared.page import show_header, show_missing
from braintumor.datasets.catalog import BINARY_SET, KAGGLE, training_dataset
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector

_TEST_SET_TEXTS = {
    KAGGLE.folder: "scans of the test split, which the model did not learn from",
    BINARY_SET.folder: "scans of a larger set; the model learnt from another, which holds near copies of some of them",
}
_LEAKY_TEST_SET_TEXT = (
    "scans of the test split; this version was fitted under another split, and learnt from many of them"
)


def show_round(detector: Detector) -> None:
    """A scan to read, and the score so far."""
    if not has_images():
        pictures.show_phantom_notice("the round deals drawings.")
    game = current_round(detector.version)
    show_blind_reading(game, detector)
    score_pending(game, detector)
    show_score(game, detector.version)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="practice-rounds"):
        st.number_input(
            "Round", 0, SEED_COUNT - 1, key=SEED_KEY, width=150, persist_state="session",
            help="The same number deals the same scans in the same order, so several readers can be compared.",
        )  # fmt: skip
        st.button("New round", on_click=start_new_round)
    report = cache.get_report(detector.version)
    learnt_on = training_dataset(report.recipe)
    learnt = _LEAKY_TEST_SET_TEXT if report.has_leakage and learnt_on == KAGGLE else _TEST_SET_TEXTS[learnt_on.folder]
    kind = learnt if has_images() else "phantoms"
    st.caption(
        f"{len(game.cases):,} {kind}. Each of the four classes is as likely as another, and no scan comes twice. "
        "Another round begins a new score."
    )


show_header(
    "Practice",
    "Read a scan before you see what it is, then compare with the truth and the model. Your answers are in the session "
    "log; they are kept nowhere else.",
)
try:
    detector = cache.get_detector(cache.select_version())
except BrainTumorError as problem:
    show_missing(f"There is no model to practise against yet. {problem}")
else:
    blind, gallery = st.tabs(["Blind reading", "Gallery"], key="practice", bind="query-params")
    # Only the open tab is drawn: what the gallery tells is not sent to who reads blind.
    if blind.open:
        with blind:
            show_round(detector)
    if gallery.open:
        with gallery:
            show_gallery(detector, cache.get_report(detector.version))
