"""Seeds: how far the numbers move when the same recipe is fitted again from another seed."""

import streamlit as st

from app_pages.components.shared.formatting import METRIC_TITLES, join_words
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import show_text_table
from braintumor.results.version import runs_by_seed, seed_spread, shared_teachers_note

_REPORTED_METRICS = (
    "accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "dice", "pointing_game",
)  # fmt: skip
_NUMBER_METRICS = ("roc_auc", "ece", "dice")
_EXTERNAL = "outside"
_EXTERNAL_TITLES = {"roc_auc": "ROC area outside", "called": "Tumours called outside", "false_alarms": "False alarms"}


def show_seeds(version: str, split: str) -> None:
    """Mean, standard deviation and range over the seeds; nothing where the recipe was fitted once."""
    seeded = runs_by_seed(version)
    rows: dict[str, dict[str, str]] = {}
    for place, titles in (
        (split, {name: METRIC_TITLES[name] for name in _REPORTED_METRICS}),
        (_EXTERNAL, _EXTERNAL_TITLES),
    ):
        for name, title in titles.items():
            found = {of: seed_spread(reports, place, name) for of, reports in seeded.items()}
            told = {
                of: s.plain() if name in _NUMBER_METRICS else s.percent() for of, s in found.items() if s is not None
            }
            if told:
                rows[title] = told
    if not rows:
        return
    show_section(
        "Seed by seed",
        f"Fitted again from other seeds: mean, standard deviation, and range.{shared_teachers_note(version, seeded)}",
    )
    show_text_table(rows, "Metric", "seeds")
    seeds = (f"{of} {join_words(str(seed) for seed in sorted(reports))}" for of, reports in seeded.items())
    st.caption(f"Seeds of {'; of '.join(seeds)}.")
