"""Summary: what this is, how to use it, how good the shipped model is, and what the image set is made of."""

from typing import Any

import numpy as np
import streamlit as st

from app_pages.components.shared import cache, page
from app_pages.components.shared.formatting import (
    METRIC_TITLES,
    format_share,
    pluralize,
    sample_size_text,
    test_set_text,
)
from app_pages.components.shared.page import show_header, show_missing, show_section
from braintumor.datasets.catalog import KAGGLE, training_dataset
from braintumor.enums import CLASSES, RESEARCH_USE, Split
from braintumor.exploration.statistics import Statistics
from braintumor.results.version import VersionReport

HEADLINE_METRICS = ("tumor_sensitivity", "tumor_specificity", "accuracy", "macro_f1")


def show_classes(statistics: Statistics | None, dataset: cache.Dataset) -> None:
    """The average image of each class, with how many images and groups it has."""
    images, groups = dataset.audit.get("by_label", {}), dataset.audit.get("groups_by_label", {})
    shown = {} if statistics is None else {c: statistics.average(c) for c in CLASSES if statistics.image_count(c)}
    # One scale for all four, so that a brighter class looks brighter.
    brightest = max((float(average.max()) for average in shown.values()), default=0.0) or 1.0
    grid = st.grid(len(CLASSES), min_column_width=140)
    for label in CLASSES:
        with grid.cell():
            counted = (
                f"{pluralize(images[label], 'image')}, {pluralize(groups.get(label, 0), 'group')}" if images else ""
            )
            if statistics is not None and label in shown:
                grey = np.rint(255 * np.clip(shown[label] / brightest, 0, 1)).astype(np.uint8)
                said = f"Average of {pluralize(statistics.image_count(label), 'image')} of the class {label.title}."
                st.image(grey, width="stretch", alt=said)
            st.markdown(f"**{label.title}**" + (f"  \n:gray[{counted}]" if counted else ""))


def show_model(report: VersionReport) -> None:
    """The headline numbers on the test images, each with its interval."""
    found = {name: report.metric(Split.TEST, name) for name in HEADLINE_METRICS}
    measured = {name: estimate for name, estimate in found.items() if estimate is not None}
    if not measured:
        show_missing("Nothing has been measured for this model yet. Measure it with:", report.evaluate_command)
        return
    grid = st.grid(len(HEADLINE_METRICS), min_column_width=150)
    for name, estimate in measured.items():
        with grid.cell():
            st.metric(METRIC_TITLES[name], f"{estimate.value:.1%}")
            if estimate.interval is not None:
                low, high = estimate.interval
                st.caption(f"95% interval {low:.1%} to {high:.1%}")
    whole = report.metric(Split.TEST, "accuracy") or next(iter(measured.values()))
    st.caption(
        f"{test_set_text(report)}, version {report.version}: {sample_size_text(whole)}. "
        "Intervals are computed over groups, since images of one patient are not independent."
    )
    if not report.is_multiclass:
        st.caption("This version says tumour or none, and no kind of tumour: all of these numbers are of two answers.")


def show_data(audit: dict[str, Any]) -> None:
    """What the audit found, in sentences."""
    leak = audit.get("leakage", {})
    testing, known = leak.get("official_testing", 0), leak.get("testing_with_known_patient", 0)
    upright = leak.get("testing_with_upright_near_identical_in_training", 0)
    turned, shared = (
        leak.get("testing_with_near_identical_in_training", 0),
        leak.get("testing_with_patient_in_training", 0),
    )
    st.markdown(
        f"- **{pluralize(audit.get('images', 0), 'image')}** in {len(audit.get('by_label', {}))} classes, of "
        f"{pluralize(audit.get('patients', 0), 'known patient')}.\n"
        f"- **{pluralize(audit.get('exact_copies', 0), 'image')}** "
        f"{'is an exact copy' if audit.get('exact_copies') == 1 else 'are exact copies'} of others.\n"
        f"- The usual split leaks: **{upright:,} of {testing:,}** official test images ({format_share(upright, testing)}) "
        f"have a near-identical one in training, {turned:,} ({format_share(turned, testing)}) once mirrored and rotated "
        "copies count.\n"
        f"- Of the {known:,} test images whose patient is known, **{shared:,}** ({format_share(shared, known)}) have that "
        "patient in training too.\n"
        f"- Joined by patient and likeness, only **{pluralize(audit.get('groups', 0), 'independent group')}** remain. "
        "This project splits by group, so its scores do not compare with those published on the usual split, and its "
        "intervals are wide."
    )


def show_use(report: VersionReport) -> None:
    """How to read a scan, in three steps."""
    chances = "the probability of each class" if report.is_multiclass else "the probability of a tumour"
    steps = (
        ("1. Drop slices", "Pictures, DICOM, volumes or a ZIP, on the Detection page. Files stay in memory."),
        ("2. Read the verdict", f"Tumour suspected, none found, or uncertain, with its reason, {chances}, and a heat "
         "map of what spoke for the answer."),
        ("3. Take the record", "One CSV with a timestamped row for each file, also for those that could not be read."),
    )  # fmt: skip
    for column, (title, text) in zip(st.columns(len(steps)), steps, strict=True):
        column.markdown(f"**{title}**  \n{text}")


report = cache.get_report(cache.select_version())
dataset = cache.get_dataset()

show_header(
    "Brain Tumor Detector",
    f"Give it brain MRI slices. It says whether a tumour is suspected,{' which kind,' if report.is_multiclass else ''} "
    "what spoke for that and how sure it is. Where it cannot tell, it says so.",
)
with st.container(horizontal=True):
    if st.button("Read a scan", type="primary"):
        st.switch_page("app_pages/detection.py")
    if st.button("How good is it?"):
        st.switch_page("app_pages/performance.py")
if dataset.exists:
    show_classes(cache.get_statistics(), dataset)

show_section("How to use it")
show_use(report)

show_section("How good it is")
show_model(report)

show_section("What it learned from")
if training_dataset(report.recipe) != KAGGLE:
    st.markdown(
        f"Version {report.version} learnt from {training_dataset(report.recipe).title}, not from the images described here, "
        "which the other versions learnt from and all versions are compared on."
    )
if dataset.exists:
    show_data(dataset.audit)
else:
    show_missing(
        "The image set has not been read yet. Get and read it with:", "braintumor data fetch", "braintumor data audit"
    )

show_section("Why it exists")
st.markdown(
    "Most published scores on this image set come from splits that put the same patient on both sides. This project "
    "measures what is left when they are kept apart, shows every number with its interval, and lets any reader "
    "repeat it from the raw download."
)
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Open the README"):
        page.show_readme()
    st.link_button("Image set on Kaggle", f"https://www.kaggle.com/datasets/{KAGGLE.handle}")
st.caption(RESEARCH_USE)
