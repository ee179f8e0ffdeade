"""Seeds: how far the numbers move when the same recipe is fitted again from another seed."""

import streamlit as st

from app_pages.components.frame import section
from app_pages.components.parts import table
from app_pages.components.words import METRIC_TITLES, count, listed
from braintumor.evaluation.seeds import seeds_of, spread

_SHOWN = (
    "accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "dice", "pointing_game",
)  # fmt: skip
_PLAIN = ("roc_auc", "ece", "dice")
_OUTSIDE = "outside"
_EXTRA = {"roc_auc": "ROC area outside", "called": "Tumours called outside", "false_alarms": "False alarms"}


def show_seeds(version: str, split: str) -> None:
    """Mean, standard deviation and range over the seeds; nothing where the recipe was fitted once."""
    seeded, reports = seeds_of(version)
    rows = {}
    for place, titles in ((split, {name: METRIC_TITLES[name] for name in _SHOWN}), (_OUTSIDE, _EXTRA)):
        for name, title in titles.items():
            found = spread(reports, place, name)
            if found is not None:
                rows[title] = {"Over seeds": found.plain() if name in _PLAIN else found.percent()}
    if not rows:
        return
    fitted = "The same recipe" if seeded == version else f"{seeded}, some of whose seeds taught it,"
    section("Seed by seed", f"{fitted} fitted again: mean, standard deviation, and range.")
    table(rows, "Metric", "seeds")
    st.caption(f"{count(len(reports), 'seed')}: {listed(str(seed) for seed in sorted(reports))}.")
