"""Summary for clinicians: read a study or a sample, what the answer means, how accurate it is, what it cannot do."""

from typing import Final

import streamlit as st

from app_pages.components.samples.row import TITLE, show_samples
from app_pages.components.shared.formatting import METRIC_TITLES, VERDICT_TITLES, test_set_text
from app_pages.components.shared.page import show_missing, show_section
from app_pages.components.summary.example import show_example
from braintumor.enums import Split, Verdict
from braintumor.results.other_sources import summarize_validity, suspected_in_left_out_sources
from braintumor.results.version import VersionReport

_DETECTION_PAGE: Final = "app_pages/detection.py"
_HEADLINE_METRICS: Final = ("tumor_sensitivity", "tumor_specificity", "accuracy", "macro_f1")
_MEANINGS: Final = {
    Verdict.TUMOR_SUSPECTED: (
        "the tumour probability is at or above the upper threshold. Outline and heat map show where."
    ),
    Verdict.UNCERTAIN: (
        "the tumour probability lies between the thresholds, or the scan is unusual or not a plain slice. A reader "
        "should decide."
    ),
    Verdict.NO_TUMOR_FOUND: (
        "the tumour probability is at or below the lower threshold. This does not exclude a tumour."
    ),
    Verdict.OUTSIDE_FIELD: "the slice shows no brain, or too little of it. The model did not look for a tumour.",
    Verdict.NOT_BRAIN_MRI: (
        "the image looks like something else, such as a head CT. The model did not look for a tumour."
    ),
}


def show_clinician(report: VersionReport) -> None:
    """Draw the part for clinicians."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Read your own scans", type="primary"):
            st.switch_page(_DETECTION_PAGE)
        st.markdown(
            "Upload a slice, a series or a whole study: DICOM, NIfTI, images or a ZIP. Each slice and study gets a "
            "verdict, its reason and the region that supports it."
        )
    st.markdown(f"**{TITLE}**")
    if show_samples():
        st.switch_page(_DETECTION_PAGE)
    meaning, limits, example = st.columns([5, 5, 4], gap="medium")
    with meaning:
        show_section("What the answer means")
        st.markdown("\n".join(f"- **{VERDICT_TITLES[verdict]}**: {text}" for verdict, text in _MEANINGS.items()))
    with limits:
        show_section("What it cannot do")
        st.markdown("\n".join(f"- {limit}" for limit in list_limits(report)))
    show_section("How accurate it is")
    show_accuracy(report)
    with example:  # last, because the model may have to be loaded first
        show_example(report.version)


def list_limits(report: VersionReport) -> list[str]:
    """List what a version cannot do, with its measured misses."""
    ruled_out = report.metric(Split.TEST, "tumors@verdict:no tumor found")
    missed = ""
    if ruled_out is not None:
        missed = f': it said "no tumour found" for {ruled_out.describe()} of the tumours among its test scans'
        if suspected := suspected_in_left_out_sources(report):
            missed += f"; it suspected {suspected.percent()} of the tumours from sources left out of training"
    other_types = "recognize tumour types other than glioma, meningioma and pituitary tumour"
    types = other_types if report.is_multiclass else "identify the type of a tumour"
    return [
        f"It cannot exclude a tumour{missed}.",
        f"It cannot {types}, or detect strokes, haemorrhages, inflammation or other diseases.",
        "It knows nothing about the patient: no history, no earlier scans, no other sequences.",
        "How well it works on children, after surgery and on the scanners of your hospital is unknown.",
        "It does not replace a reader, and no treatment may rest on it.",
    ]


def show_accuracy(report: VersionReport) -> None:
    """Show the headline metrics on the test images, each with its interval, and where the verdict holds."""
    metrics = {name: report.metric(Split.TEST, name) for name in _HEADLINE_METRICS}
    measured = {name: metric for name, metric in metrics.items() if metric is not None}
    if not measured:
        show_missing("This model has not been evaluated yet. Run:", report.evaluate_command)
        return
    grid = st.grid(len(_HEADLINE_METRICS), min_column_width=150)
    for name, metric in measured.items():
        with grid.cell():
            st.metric(METRIC_TITLES[name], f"{metric.value:.1%}")
            if metric.interval is not None:
                low, high = metric.interval
                st.caption(f"95% CI {100 * low:.1f} to {100 * high:.1f}")
    if validity := summarize_validity(report):
        st.markdown(validity)
    overall = measured.get("accuracy") or next(iter(measured.values()))
    st.caption(
        f"{test_set_text(report)}. Version {report.version}, {overall.sample_size()}. Confidence intervals are "
        "computed over groups, because images of one patient are not independent."
    )
    if not report.is_multiclass:
        st.caption("This version does not predict the tumour type: all numbers are for tumour vs no tumour.")
    st.page_link("app_pages/performance.py", label="All results, curves and stress tests")
