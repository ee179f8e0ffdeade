"""Summary: what the dashboard does, how to use it, how accurate the served model is, and what it was trained on."""

from typing import Any, Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import METRIC_TITLES, pluralize, test_set_text
from app_pages.components.shared.page import show_header, show_missing, show_readme, show_section
from braintumor.datasets.catalog import KAGGLE, evaluation_dataset
from braintumor.datasets.split_leakage import summarize_official_split
from braintumor.enums import CLASSES, RESEARCH_USE, Split
from braintumor.exploration.statistics import Statistics
from braintumor.imaging.windowing import unit_to_uint8
from braintumor.results.other_sources import current_sources_check, summarize_false_alarms
from braintumor.results.version import VersionReport

HEADLINE_METRICS: Final = ("tumor_sensitivity", "tumor_specificity", "accuracy", "macro_f1")


def show_classes(statistics: Statistics | None, dataset: cache.Dataset) -> None:
    """Show the average image of each class, with its number of images and groups."""
    images, groups = dataset.audit.get("by_label", {}), dataset.audit.get("groups_by_label", {})
    averages = {} if statistics is None else {c: statistics.average(c) for c in CLASSES if statistics.image_count(c)}
    # One scale for all four, so that brightness is comparable.
    scale = max((float(average.max()) for average in averages.values()), default=0.0) or 1.0
    grid = st.grid(len(CLASSES), min_column_width=140)
    for label in CLASSES:
        with grid.cell():
            if statistics is not None and label in averages:
                pixels = unit_to_uint8(averages[label] / scale)
                alt = f"Average of {pluralize(statistics.image_count(label), 'image')} of the class {label.title}."
                st.image(pixels, width="stretch", alt=alt)
            size = (
                f"  \n:gray[{pluralize(images[label], 'image')}, {pluralize(groups.get(label, 0), 'group')}]"
                if images
                else ""
            )
            st.markdown(f"**{label.title}**{size}")


def show_model(report: VersionReport) -> None:
    """Show the headline metrics on the test images, each with its interval."""
    metrics = {name: report.metric(Split.TEST, name) for name in HEADLINE_METRICS}
    measured = {name: metric for name, metric in metrics.items() if metric is not None}
    if not measured:
        show_missing("This model has not been evaluated yet. Run:", report.evaluate_command)
        return
    grid = st.grid(len(HEADLINE_METRICS), min_column_width=150)
    for name, metric in measured.items():
        with grid.cell():
            st.metric(METRIC_TITLES[name], f"{metric.value:.1%}")
            if metric.interval is not None:
                low, high = metric.interval
                st.caption(f"95% CI {100 * low:.1f} to {100 * high:.1f}")
    overall = measured.get("accuracy") or next(iter(measured.values()))
    st.caption(
        f"{test_set_text(report)}. Version {report.version}, {overall.sample_size()}. Confidence intervals are "
        "computed over groups, because images of one patient are not independent."
    )
    if check := current_sources_check(report):
        st.caption(summarize_false_alarms(check))
    if not report.is_multiclass:
        st.caption("This version does not predict the tumour type: all numbers are for tumour vs no tumour.")


def show_data(audit: dict[str, Any]) -> None:
    """Show the results of the audit as sentences."""
    near_duplicates, patients = summarize_official_split(audit)
    st.markdown(
        f"- **{pluralize(audit.get('images', 0), 'image')}** in {len(audit.get('by_label', {}))} classes, of "
        f"{pluralize(audit.get('patients', 0), 'known patient')}.\n"
        f"- **{pluralize(audit.get('exact_copies', 0), 'image')}** "
        f"{'is an exact copy' if audit.get('exact_copies') == 1 else 'are exact copies'} of others.\n"
        f"- {near_duplicates}\n"
        f"- {patients}\n"
        f"- Grouped by patient and near-duplicates, only **{pluralize(audit.get('groups', 0), 'independent group')}** "
        "remain. This project splits by group. Its scores are therefore not comparable with those published for the "
        "official split, and its confidence intervals are wide."
    )


def show_steps(report: VersionReport) -> None:
    """Show how to read a scan, in three steps."""
    probabilities = "the probability of each class" if report.is_multiclass else "the probability of a tumour"
    steps = (
        ("1. Upload scans", "Images, DICOM files, volumes or a ZIP, on the Detection page. Files stay in memory."),
        ("2. Read the verdict", f"Tumour suspected, no tumour found, or uncertain: with the reason, {probabilities}, "
         "and a heat map of what supports the answer."),
        ("3. Save the results", "A CSV with one timestamped row per file, including files that could not be read."),
    )  # fmt: skip
    for column, (title, text) in zip(st.columns(len(steps)), steps, strict=True):
        column.markdown(f"**{title}**  \n{text}")


report = cache.get_report(cache.select_version())
dataset = cache.get_dataset()
training_set = evaluation_dataset(report.recipe)

show_header(
    "Brain Tumor Detector",
    f"Reads brain MRI slices and says whether a tumour is suspected,{' which type,' if report.is_multiclass else ''} "
    "what supports the answer and how certain it is. If it cannot decide, it says so.",
)
with st.container(horizontal=True):
    if st.button("Read a scan", type="primary"):
        st.switch_page("app_pages/detection.py")
    if st.button("How accurate is it?"):
        st.switch_page("app_pages/performance.py")
if dataset.exists:
    show_classes(cache.get_statistics(), dataset)

show_section("How to use it")
show_steps(report)

show_section("How accurate it is")
show_model(report)

show_section("What it was trained on")
if training_set != KAGGLE:
    st.markdown(
        f"Version {report.version} was trained on {training_set.title}, not on the images described here. The other "
        "versions were trained on these, and all versions are compared on them."
    )
if dataset.exists:
    show_data(dataset.audit)
else:
    show_missing("The image set is missing. Download and audit it:", "braintumor data fetch", "braintumor data audit")

show_section("Why it exists")
st.markdown(
    "Most published scores on this image set come from splits with the same patients in training and test. This "
    "project measures the accuracy without them, shows every number with its confidence interval, and is reproducible "
    "from the original download."
)
with st.container(horizontal=True, vertical_alignment="center"):
    if st.button("Open the README"):
        show_readme()
    st.link_button("Image set on Kaggle", f"https://www.kaggle.com/datasets/{KAGGLE.handle}")
st.caption(RESEARCH_USE)
