"""Outside: tumours of another collection, pictures that are no brain MRI, and what tells collections apart."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, NEUTRAL
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_section
from app_pages.components.shared.tables import require_check, short_sample_size_text, show_text_table
from braintumor.enums import HOLDOUT_SPLIT
from braintumor.results.metric import Metric
from braintumor.results.study import StudyCheck
from braintumor.results.summaries import (
    summarize_domain_probe,
    summarize_external,
    summarize_holdout_source,
    summarize_ood,
)
from braintumor.results.version import VersionReport, read_holdout_reports

_AUC_TITLES = {"roc_auc": "Class and mask", "roc_auc@by:label": "Class alone", "roc_auc@by:mask": "Mask alone"}
_RATE_TITLES = {
    "called": "New tumour pictures called",
    "called_or_uncertain": "New tumour pictures called or uncertain",
    "refused": "New tumour pictures refused",
    "tumor_sensitivity": "New tumour pictures with any tumour likeliest",
    "false_alarms": "Held-out healthy scans called",
}
# How the study names scans of the test split among foreign pictures.
_IN_DISTRIBUTION = "brain MRI"
_DOMAIN_PROBE_TITLES = {
    "br35h": "Br35H against Figshare (no tumour against tumour)",
    "sartaj": "SARTAJ against Figshare (tumours only)",
}


def show_external(report: VersionReport) -> None:
    """All that was measured on pictures the model did not learn from the like of."""
    show_section("Tumours of another collection", "Never used for training or for choosing anything.")
    if stage := require_check(report, "outside", "How it does outside"):
        _show_external_set(stage)
    _show_holdout_source(report)
    show_section("Pictures that are no brain MRI", "Told apart by how far they lie from the training scans.")
    if stage := require_check(report, "novelty", "Novelty"):
        _show_ood(stage)
    show_section("Can the origin still be read?", "By a regression on what the network sees, cross-validated by group.")
    if stage := require_check(report, "origin", "How well origin can be read"):
        _show_domain_probe(stage)


def _show_external_set(check: StudyCheck) -> None:
    metrics = check.metrics
    st.markdown(summarize_external(metrics))
    bars = [
        IntervalRow(title, metrics[name], metrics[name].plain(), ACCENT if name == "roc_auc" else NEUTRAL)
        for name, title in _AUC_TITLES.items()
        if name in metrics
    ]
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    show_chart(plot_intervals(bars, "plain"), f"ROC areas with 95% intervals. {said}.", "outside", 64 + 38 * len(bars))
    show_text_table(
        {
            title: {"Share (95% interval)": metrics[name].percent(), "Scans": short_sample_size_text(metrics[name])}
            for name, title in _RATE_TITLES.items()
            if name in metrics
        },
        "At the shipped thresholds", "outside",
    )  # fmt: skip
    new, every, clusters = (check.details.get(name) for name in ("yes_new", "yes", "clusters"))
    if isinstance(new, int) and isinstance(every, int) and isinstance(clusters, int):
        st.caption(
            f"Of {pluralize(every, 'tumour picture')}, {new:,} are no near copy of an image of the training set; they form "
            f"{pluralize(clusters, 'cluster')} of near copies of each other, and each cluster counts once."
        )


def _show_holdout_source(report: VersionReport) -> None:
    """Versions that learnt without the tumours of one origin; nothing where there is none."""
    for run in read_holdout_reports(report.version):
        origin, tried = run.card_value("recipe", "leave_out"), run.metric(HOLDOUT_SPLIT, "tumor_sensitivity")
        show_section("Tumours of an origin left out", "All of one collection kept from training, then tested on.")
        st.markdown(summarize_holdout_source(run.evaluation[HOLDOUT_SPLIT]))
        st.caption(
            f"{run.version}: {short_sample_size_text(tried)} of the collection {origin}. It was trained for "
            f"{run.card_value('recipe', 'fit', 'epochs')} epochs, this "
            f"version for {report.card_value('recipe', 'fit', 'epochs')}"
            + (" and taught by others." if report.card_value("recipe", "teachers") else ".")
        )


def _show_ood(check: StudyCheck) -> None:
    metrics, kinds = check.metrics, check.subgroup_values("kind")
    st.markdown(summarize_ood(metrics, kinds, _IN_DISTRIBUTION))
    titles = {"roc_auc": "ROC area", "refused": "Refused", "odd": "Refused or odd"}
    rows = {
        "Held-out scans" if kind == _IN_DISTRIBUTION else kind.replace("-", " ").capitalize(): {
            title: _format_metric(name, metrics[f"{name}@kind:{kind}"])
            for name, title in titles.items()
            if f"{name}@kind:{kind}" in metrics
        }
        for kind in kinds
    }  # fmt: skip
    show_text_table(rows, "Pictures", "novelty")
    roc = check.curves.get("roc")
    if roc is not None and {"false_alarms", "found"} <= set(roc):
        figure = go.Figure(
            go.Scatter(x=roc["false_alarms"], y=roc["found"], mode="lines", line={"color": ACCENT, "width": 2.5},
                       hovertemplate="%{y:.1%} of foreign pictures at %{x:.1%} of scans<extra></extra>")
        )  # fmt: skip
        figure.update_xaxes(title="Scans taken for foreign", tickformat=".0%", range=[-0.01, 1.02], nticks=6)
        figure.update_yaxes(title="Foreign pictures found", tickformat=".0%", range=[-0.01, 1.03], nticks=6)
        show_chart(
            figure, "ROC curve of novelty: foreign pictures found against scans taken for foreign.", "novelty-roc", 340
        )


def _show_domain_probe(check: StudyCheck) -> None:
    metrics = check.metrics
    st.markdown(summarize_domain_probe(metrics))
    ways = {"": "From the network", "@from:thumbnail": "From a thumbnail alone"}
    rows = {
        title: {way: metrics[f"roc_auc@tell:{name}{part}"].plain() for part, way in ways.items()
                if f"roc_auc@tell:{name}{part}" in metrics}
        for name, title in _DOMAIN_PROBE_TITLES.items()
        if f"roc_auc@tell:{name}" in metrics
    }  # fmt: skip
    show_text_table(rows, "ROC area", "origin")


def _format_metric(name: str, estimate: Metric) -> str:
    return estimate.plain() if name == "roc_auc" else estimate.percent()
