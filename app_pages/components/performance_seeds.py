"""Seeds: how far the numbers move when the same recipe is fitted again from another seed."""

import streamlit as st

from app_pages.components.frame import section
from app_pages.components.parts import table
from app_pages.components.words import METRIC_TITLES, listed
from braintumor.evaluation.seeds import seeds_of, shared_teachers, spread

_SHOWN = (
    "accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "dice", "pointing_game",
)  # fmt: skip
_PLAIN = ("roc_auc", "ece", "dice")
_OUTSIDE = "outside"
_EXTRA = {"roc_auc": "ROC area outside", "called": "Tumours called outside", "false_alarms": "False alarms"}


def show_seeds(version: str, split: str) -> None:
    """Mean, standard deviation and range over the seeds; nothing where the recipe was fitted once."""
    seeded = seeds_of(version)
    rows: dict[str, dict[str, str]] = {}
    for place, titles in ((split, {name: METRIC_TITLES[name] for name in _SHOWN}), (_OUTSIDE, _EXTRA)):
        for name, title in titles.items():
            found = {of: spread(reports, place, name) for of, reports in seeded.items()}
            told = {of: s.plain() if name in _PLAIN else s.percent() for of, s in found.items() if s is not None}
            if told:
                rows[title] = told
    if not rows:
        return
    section(
        "Seed by seed",
        f"Fitted again from other seeds: mean, standard deviation, and range.{shared_teachers(version, seeded)}",
    )
    table(rows, "Metric", "seeds")
    seeds = (f"{of} {listed(str(seed) for seed in sorted(reports))}" for of, reports in seeded.items())
    st.caption(f"Seeds of {'; of '.join(seeds)}.")
