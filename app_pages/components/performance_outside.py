"""Outside: tumours of another collection, pictures that are no brain MRI, and what tells collections apart."""

import plotly.graph_objects as go
import streamlit as st

from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import section
from app_pages.components.palette import ACCENT, NEUTRAL
from app_pages.components.parts import counted, stage_of, table
from app_pages.components.words import count
from braintumor.evaluation.measures import Estimate
from braintumor.evaluation.report import Report, without_origin
from braintumor.evaluation.sentences import left_out_sentence, novelty_sentence, origin_sentence, outside_sentence
from braintumor.evaluation.stages import Stage
from braintumor.vocabulary import LEFT_OUT

_AREAS = {"roc_auc": "Class and mask", "roc_auc@by:label": "Class alone", "roc_auc@by:mask": "Mask alone"}
_SHARES = {
    "called": "New tumour pictures called",
    "called_or_uncertain": "New tumour pictures called or uncertain",
    "refused": "New tumour pictures refused",
    "tumor_sensitivity": "New tumour pictures with any tumour likeliest",
    "false_alarms": "Held-out healthy scans called",
}
# How the study names scans of the test split among foreign pictures.
_OWN = "brain MRI"
_READS = {
    "br35h": "Br35H against Figshare (no tumour against tumour)",
    "sartaj": "SARTAJ against Figshare (tumours only)",
}


def show_outside(report: Report) -> None:
    """All that was measured on pictures the model did not learn from the like of."""
    section("Tumours of another collection", "Never used for training or for choosing anything.")
    if stage := stage_of(report, "outside", "How it does outside"):
        _show_collection(stage)
    _show_left_out(report)
    section("Pictures that are no brain MRI", "Told apart by how far they lie from the training scans.")
    if stage := stage_of(report, "novelty", "Novelty"):
        _show_novelty(stage)
    section("Can the origin still be read?", "By a regression on what the network sees, cross-validated by group.")
    if stage := stage_of(report, "origin", "How well origin can be read"):
        _show_origin(stage)


def _show_collection(stage: Stage) -> None:
    metrics = stage.metrics
    st.markdown(outside_sentence(metrics))
    bars = [
        Bar(title, metrics[name], metrics[name].plain(), ACCENT if name == "roc_auc" else NEUTRAL)
        for name, title in _AREAS.items()
        if name in metrics
    ]
    said = "; ".join(f"{bar.label} {bar.text}" for bar in bars)
    show(intervals(bars, "plain"), f"ROC areas with 95% intervals. {said}.", "outside", 64 + 38 * len(bars))
    table(
        {
            title: {"Share (95% interval)": metrics[name].percent(), "Scans": counted(metrics[name])}
            for name, title in _SHARES.items()
            if name in metrics
        },
        "At the shipped thresholds", "outside",
    )  # fmt: skip
    new, every, clusters = (stage.facts.get(name) for name in ("yes_new", "yes", "clusters"))
    if isinstance(new, int) and isinstance(every, int) and isinstance(clusters, int):
        st.caption(
            f"Of {count(every, 'tumour picture')}, {new:,} are no near copy of an image of the training set; they form "
            f"{count(clusters, 'cluster')} of near copies of each other, and each cluster counts once."
        )


def _show_left_out(report: Report) -> None:
    """Versions that learnt without the tumours of one origin; nothing where there is none."""
    for run in without_origin(report.version):
        origin, tried = run.fact("recipe", "leave_out"), run.metric(LEFT_OUT, "tumor_sensitivity")
        section("Tumours of an origin left out", "All of one collection kept from training, then tested on.")
        st.markdown(left_out_sentence(run.evaluation[LEFT_OUT]))
        st.caption(
            f"{run.version}: {counted(tried)} of the collection {origin}. It was trained for "
            f"{run.fact('recipe', 'fit', 'epochs')} epochs, this "
            f"version for {report.fact('recipe', 'fit', 'epochs')}"
            + (" and taught by others." if report.fact("recipe", "teachers") else ".")
        )


def _show_novelty(stage: Stage) -> None:
    metrics, kinds = stage.metrics, stage.kinds("kind")
    st.markdown(novelty_sentence(metrics, kinds, _OWN))
    titles = {"roc_auc": "ROC area", "refused": "Refused", "odd": "Refused or odd"}
    rows = {
        "Held-out scans" if kind == _OWN else kind.replace("-", " ").capitalize(): {
            title: _said(name, metrics[f"{name}@kind:{kind}"])
            for name, title in titles.items()
            if f"{name}@kind:{kind}" in metrics
        }
        for kind in kinds
    }  # fmt: skip
    table(rows, "Pictures", "novelty")
    roc = stage.curves.get("roc")
    if roc is not None and {"false_alarms", "found"} <= set(roc):
        figure = go.Figure(
            go.Scatter(x=roc["false_alarms"], y=roc["found"], mode="lines", line={"color": ACCENT, "width": 2.5},
                       hovertemplate="%{y:.1%} of foreign pictures at %{x:.1%} of scans<extra></extra>")
        )  # fmt: skip
        figure.update_xaxes(title="Scans taken for foreign", tickformat=".0%", range=[-0.01, 1.02], nticks=6)
        figure.update_yaxes(title="Foreign pictures found", tickformat=".0%", range=[-0.01, 1.03], nticks=6)
        show(
            figure, "ROC curve of novelty: foreign pictures found against scans taken for foreign.", "novelty-roc", 340
        )


def _show_origin(stage: Stage) -> None:
    metrics = stage.metrics
    st.markdown(origin_sentence(metrics))
    ways = {"": "From the network", "@from:thumbnail": "From a thumbnail alone"}
    rows = {
        title: {way: metrics[f"roc_auc@tell:{name}{part}"].plain() for part, way in ways.items()
                if f"roc_auc@tell:{name}{part}" in metrics}
        for name, title in _READS.items()
        if f"roc_auc@tell:{name}" in metrics
    }  # fmt: skip
    table(rows, "ROC area", "origin")


def _said(name: str, estimate: Estimate) -> str:
    return estimate.plain() if name == "roc_auc" else estimate.percent()
