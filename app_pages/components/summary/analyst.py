"""Summary for analysts: what the data set contains, what is wrong with it, and what was measured on other sources."""

from typing import Any

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import join_words, pluralize
from app_pages.components.shared.page import show_missing, show_section
from braintumor.datasets.catalog import KAGGLE, evaluation_dataset
from braintumor.datasets.split_leakage import summarize_official_split
from braintumor.enums import CLASSES
from braintumor.results.other_sources import current_sources_check, summarize_false_alarms
from braintumor.results.version import VersionReport
from braintumor.text import class_text


def show_analyst(report: VersionReport) -> None:
    """Draw the part for analysts."""
    dataset, training_set = cache.get_dataset(), evaluation_dataset(report.recipe)
    show_section("What is in the data")
    if training_set != KAGGLE:
        st.markdown(
            f"Version {report.version} was trained on {training_set.title}, not on the images described here. The "
            "other versions were trained on these, and all versions are compared on them."
        )
    if dataset.exists:
        show_data(dataset.audit)
    else:
        show_missing(
            "The image set is missing. Download and audit it:", "braintumor data fetch", "braintumor data audit"
        )
    if check := current_sources_check(report):
        show_section("Scans of other sources")
        st.markdown(summarize_false_alarms(check))
    with st.container(horizontal=True):
        st.page_link("app_pages/visualizer.py", label="Explore the images")
        st.page_link("app_pages/hypotheses.py", label="Hypotheses and their tests")
        st.page_link("app_pages/performance.py", label="All results")
        st.page_link(f"https://www.kaggle.com/datasets/{KAGGLE.handle}", label="Image set on Kaggle")


def show_data(audit: dict[str, Any]) -> None:
    """Show the results of the audit as sentences."""
    near_duplicates, patients = summarize_official_split(audit)
    st.markdown(
        f"- **{pluralize(audit.get('images', 0), 'image')}** of "
        f"{pluralize(audit.get('patients', 0), 'known patient')} and an unknown number of others: "
        f"{_list_classes(audit)}.\n"
        f"- **{pluralize(audit.get('exact_copies', 0), 'image')}** "
        f"{'is an exact copy' if audit.get('exact_copies') == 1 else 'are exact copies'} of others.\n"
        f"- {near_duplicates}\n"
        f"- {patients}\n"
        f"- Grouped by patient and near-duplicates, only **{pluralize(audit.get('groups', 0), 'independent group')}** "
        "remain. This project splits by group. Its scores are therefore not comparable with those published for the "
        "official split, and its confidence intervals are wide."
    )


def _list_classes(audit: dict[str, Any]) -> str:
    """List images and groups of each class."""
    images, groups = audit.get("by_label", {}), audit.get("groups_by_label", {})
    return join_words(
        f"{pluralize(images[label], 'image')} of {class_text(label)} ({pluralize(groups.get(label, 0), 'group')})"
        for label in CLASSES
        if label in images
    )
