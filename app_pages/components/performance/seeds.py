"""Variation of the metrics over seeds."""

from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import METRIC_TITLES, join_words
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import show_text_table
from braintumor.enums import EXTERNAL_SPLIT
from braintumor.results.seeds import seed_spread, shared_teachers_note

_REPORTED_METRICS: Final = (
    "accuracy", "macro_f1", "tumor_sensitivity", "tumor_specificity", "roc_auc", "ece", "dice", "pointing_game",
)  # fmt: skip
_PLAIN_METRICS: Final = ("roc_auc", "ece", "dice")
_EXTERNAL_TITLES: Final = {
    "roc_auc": "External set: ROC AUC",
    "flagged": "External set: tumours flagged",
    "false_alarms": "External set: false positives",
}


def show_seeds(version: str, split: str) -> None:
    """Show mean, standard deviation and range over the seeds; nothing if the recipe was trained with one seed."""
    runs = cache.get_seed_runs(version)
    test_titles = {name: METRIC_TITLES[name] for name in _REPORTED_METRICS}
    rows: dict[str, dict[str, str]] = {}
    for part, titles in ((split, test_titles), (EXTERNAL_SPLIT, _EXTERNAL_TITLES)):
        for name, title in titles.items():
            spreads = {run_version: seed_spread(reports, part, name) for run_version, reports in runs.items()}
            cells = {
                run_version: spread.plain() if name in _PLAIN_METRICS else spread.percent()
                for run_version, spread in spreads.items()
                if spread is not None
            }
            if cells:
                rows[title] = cells
    if not rows:
        return
    show_section(
        "Variation over seeds",
        f"Retrained with other seeds: mean ± standard deviation (range).{shared_teachers_note(runs)}",
    )
    show_text_table(rows, "Metric", "seeds")
    seeds = (f"{name}: {join_words(str(seed) for seed in sorted(reports))}" for name, reports in runs.items())
    st.caption(f"Seeds of {'; '.join(seeds)}.")
