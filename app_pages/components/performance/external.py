"""Results beyond the data set: external set, other and held-out sources, rejection, domain probe."""

from typing import Final

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check, short_sample_size_text, show_text_table
from braintumor.enums import EXTERNAL_SPLIT, HOLDOUT_SPLIT
from braintumor.results.other_sources import (
    leave_one_source_out_rows,
    read_leave_one_source_out,
    summarize_false_alarms,
    summarize_leave_one_source_out,
    summarize_tumors,
    tumor_free_rows,
    tumor_rows,
)
from braintumor.results.rejection import ct_rows, field_rows, rejection_rows, summarize_rejection
from braintumor.results.stress_test import OOD_CHECK, SOURCES_CHECK, STUDIES_CHECK, StressTestResult
from braintumor.results.studies import study_rows, summarize_studies
from braintumor.results.summaries import (
    summarize_domain_probe,
    summarize_external,
    summarize_holdout_source,
)
from braintumor.results.version import VersionReport, read_holdout_reports

_AUC_TITLES: Final = {
    "roc_auc": "Class and mask",
    "roc_auc@by:label": "Class alone",
    "roc_auc@by:mask": "Mask alone",
}
_RATE_TITLES: Final = {
    "flagged": "External tumours flagged",
    "flagged_or_uncertain": "External tumours flagged or uncertain",
    "rejected": "External tumours rejected",
    "tumor_sensitivity": "External tumours with a tumour as most likely class",
    "false_alarms": "Tumour-free test scans flagged",
}
_DOMAIN_PROBE_TITLES: Final = {
    "br35h": "Br35H against Figshare (no tumour against tumour)",
    "sartaj": "SARTAJ against Figshare (tumours only)",
}
_FEATURE_TITLES: Final = {"": "From the features of the network", "@from:thumbnail": "From a thumbnail alone"}


def show_external(report: VersionReport) -> None:
    """Show everything that was measured on images from elsewhere."""
    show_section(
        "Tumours from another collection",
        "The external set: never used for training or selection.",
        ("External set", "AUC", "Flagged, ruled out"),
    )
    if check := require_check(report, EXTERNAL_SPLIT, "External set"):
        _show_external_set(check)
    left_out = read_leave_one_source_out(report)
    if SOURCES_CHECK in report.checks or left_out:
        show_section(
            "Other sources",
            "Slices from other sources that this version did not learn from.",
            ("Sets of other sources",),
        )
    if SOURCES_CHECK in report.checks and (check := require_check(report, SOURCES_CHECK, "Other sources")):
        _show_other_sources(check)
    if left_out:
        _show_leave_one_source_out(left_out)
    if STUDIES_CHECK in report.checks:
        show_section(
            "Whole studies",
            "One verdict per study, on patients that this version did not learn from.",
            ("Study score, study verdict",),
        )
        if check := require_check(report, STUDIES_CHECK, "Whole studies"):
            st.markdown(summarize_studies(check))
            show_text_table(study_rows(check), "Studies", "studies")
    _show_holdout_source(report)
    _show_rejection(report)
    show_section(
        "Do the features reveal the source dataset?",
        "A regression on the features, cross-validated over groups.",
        ("Domain probe",),
    )
    if check := require_check(report, "domain_probe", "Domain probe"):
        _show_domain_probe(check)


def _show_external_set(check: StressTestResult) -> None:
    metrics = check.metrics
    st.markdown(summarize_external(metrics))
    rows = [
        IntervalRow(title, metrics[name], metrics[name].plain(3), ACCENT if name == "roc_auc" else NEUTRAL)
        for name, title in _AUC_TITLES.items()
        if name in metrics
    ]
    alt = "; ".join(f"{row.label} {row.text}" for row in rows)
    chart = plot_intervals(rows, "plain")
    show_chart(chart, f"ROC AUC with 95% confidence intervals. {alt}.", "external", 64 + 38 * len(rows))
    rates = {
        title: {"Share (95% CI)": metrics[name].percent(), "Scans": short_sample_size_text(metrics[name])}
        for name, title in _RATE_TITLES.items()
        if name in metrics
    }
    show_text_table(rates, "At the shipped thresholds", "external")
    new, total, clusters = (check.details.get(name) for name in ("yes_new", "yes", "clusters"))
    if isinstance(new, int) and isinstance(total, int) and isinstance(clusters, int):
        st.caption(
            f"{new:,} of {pluralize(total, 'tumour image')} are not near-duplicates of an image of the training set. "
            f"They form {pluralize(clusters, 'cluster')} of near-duplicates, and each cluster counts once."
        )


def _show_other_sources(check: StressTestResult) -> None:
    st.markdown(summarize_false_alarms(check))
    show_text_table(tumor_free_rows(check), "Slices without a tumour", "sources-tumor-free")
    st.markdown(summarize_tumors(check))
    show_text_table(tumor_rows(check), "Tumours", "sources-tumors")


def _show_leave_one_source_out(check: StressTestResult) -> None:
    st.markdown(f"**Each source left out of training in turn.** {summarize_leave_one_source_out(check)}")
    show_text_table(leave_one_source_out_rows(check), "Held-out source", "sources-left-out")
    show_text_table(tumor_free_rows(check), "Slices without a tumour, held out", "sources-left-out-tumor-free")


def _show_holdout_source(report: VersionReport) -> None:
    """Show the runs that were trained without the tumours of one source dataset; nothing if there are none."""
    for run in read_holdout_reports(report.version):
        sensitivity = run.metric(HOLDOUT_SPLIT, "tumor_sensitivity")
        show_section(
            "Tumours of a held-out source dataset",
            "Trained without this source dataset, then tested on it.",
            ("Holdout source", "Source dataset"),
        )
        st.markdown(summarize_holdout_source(run.evaluation[HOLDOUT_SPLIT]))
        teachers = " with distillation from teachers" if report.recipe.get("teachers") else ""
        st.caption(
            f"{run.version}: {short_sample_size_text(sensitivity)} of the source dataset "
            f"{run.recipe.get('holdout_source')}. It was trained for {_epochs(run)} epochs, {report.version} for "
            f"{_epochs(report)}{teachers}."
        )


def _epochs(report: VersionReport) -> int | None:
    epochs: int | None = report.recipe.get("fit", {}).get("epochs")
    return epochs


def _show_rejection(report: VersionReport) -> None:
    """Show the three questions that come before the tumour probability, each with its measured errors."""
    show_section(
        "Is it a head image?",
        "If not, it is rejected by its distance from the training scans.",
        ("Out-of-distribution (OOD) score",),
    )
    if check := require_check(report, OOD_CHECK, "Out-of-distribution score"):
        _show_ood(check)
    show_section(
        "Is it MR?",
        "If not, it is rejected: by the modality that the file states or, in a file without one, by the features of "
        "the network.",
    )
    if rows := ct_rows(report.card) if report.card else {}:
        show_text_table(rows, "Slices", "ct")
    else:
        st.markdown("This version recognizes CT only by what the file states.")
    show_section(
        "Does it show what the model has learnt?",
        "The model does not look for tumours in slices outside the brain (neck, face, air, top of the skull).",
        ("Field",),
    )
    if rows := field_rows(report.card) if report.card else {}:
        show_text_table(rows, "Slices of test patients", "field")
        st.markdown(
            "Scans that differ from the training scans in other ways may be uncertain: see *Is it a head image?* above."
        )
    else:
        st.markdown("This version does not recognize slices outside the brain.")


def _show_ood(check: StressTestResult) -> None:
    st.markdown(summarize_rejection(check))
    show_text_table(rejection_rows(check), "Images", "ood")
    roc = check.curves.get("roc")
    if roc is not None and {"false_alarms", "found"} <= set(roc):
        figure = go.Figure(
            go.Scatter(x=roc["false_alarms"], y=roc["found"], mode="lines", line={"color": ACCENT, "width": 2.5},
                       hovertemplate="%{y:.1%} of other images at %{x:.1%} of scans<extra></extra>")
        )  # fmt: skip
        figure.update_xaxes(title="Scans rejected", tickformat=".0%", range=[-0.01, 1.02], nticks=6)
        figure.update_yaxes(title="Other images rejected", tickformat=".0%", range=[-0.01, 1.03], nticks=6)
        alt = "ROC curve of the out-of-distribution score: other images rejected against scans rejected."
        show_chart(figure, alt, "ood-roc", 340)


def _show_domain_probe(check: StressTestResult) -> None:
    metrics = check.metrics
    st.markdown(summarize_domain_probe(metrics))
    rows = {
        title: {
            column: metrics[f"roc_auc@source:{name}{suffix}"].plain(3)
            for suffix, column in _FEATURE_TITLES.items()
            if f"roc_auc@source:{name}{suffix}" in metrics
        }
        for name, title in _DOMAIN_PROBE_TITLES.items()
        if f"roc_auc@source:{name}" in metrics
    }
    show_text_table(rows, "ROC AUC", "domain-probe")
