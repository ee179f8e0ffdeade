"""Performance: how good a version is and what it was trained on, drawn from its artifact."""

from collections.abc import Callable

import streamlit as st

from app_pages.components.performance import leakage, model_card
from app_pages.components.performance.comparison import show_comparison
from app_pages.components.performance.confusion import render_confusion_cell, show_confusion
from app_pages.components.performance.external import show_external
from app_pages.components.performance.latency import show_latency
from app_pages.components.performance.localization import render_localization
from app_pages.components.performance.robustness import show_robustness
from app_pages.components.performance.score_charts import plot_precision_recall, plot_reliability, plot_roc
from app_pages.components.performance.seeds import show_seeds
from app_pages.components.performance.subgroups import show_subgroups
from app_pages.components.performance.training import plot_learning_curves, plot_splits, show_members
from app_pages.components.performance.uncertainty import render_uncertainty
from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import SPLIT_TITLES, pluralize, sample_size_text
from app_pages.components.shared.page import show_header, show_missing, show_section
from app_pages.components.shared.tables import binary_table, choose_split, class_table, overall_table
from braintumor.results.metric import Curves
from braintumor.results.study import StudyCheck
from braintumor.results.summaries import summarize_external, summarize_verdicts
from braintumor.results.version import VersionReport


def show_scores(report: VersionReport) -> None:
    """Metrics with intervals, and the confusion matrix."""
    if not report.evaluation:
        show_missing("This version has not been measured yet. Measure it with:", report.evaluate_command)
        return
    split = choose_split(report, "scores")
    metrics = report.evaluation[split]
    if accuracy := metrics.get("accuracy"):
        st.markdown(f"**{SPLIT_TITLES[split]}:** accuracy {accuracy.percent()}, {sample_size_text(accuracy)}.")
    outside = report.checks.get("outside", StudyCheck())
    if (
        said
        := f"{summarize_verdicts(metrics)} {'' if outside.is_outdated else summarize_external(outside.metrics)}".strip()
    ):
        st.markdown(said)
    matrix, table = st.columns(2, gap="medium")
    with matrix:
        show_confusion(report.curves.get(split, Curves()), report, split)
    with table:
        whole = "All classes together" if report.is_multiclass else "Both answers together"
        show_section(whole, "With 95% intervals, computed over groups.")
        with st.container(key="numbers-overall"):
            st.table(overall_table(metrics), border="horizontal")
    if report.is_multiclass:
        show_section("Class by class", "Each against the other three.")
    else:
        show_section("Tumour and none", "This version tells no kind of tumour from another.")
    with st.container(key="numbers-by-class"):
        st.table(class_table(metrics) if report.is_multiclass else binary_table(metrics), border="horizontal")
    render_confusion_cell(report, split)
    show_seeds(report.version, split)


def show_curves(report: VersionReport) -> None:
    """ROC, precision-recall and reliability."""
    if not report.curves:
        show_missing("There are no curves for this version. Write them with:", report.evaluate_command)
        return
    split = choose_split(report, "curves") if report.evaluation else next(iter(report.curves))
    curves, metrics = report.curves.get(split, Curves()), report.evaluation.get(split, {})
    areas = {name: metrics[name].percent() for name in ("roc_auc", "pr_auc") if name in metrics}
    left, right = st.columns(2, gap="medium")
    with left:
        show_section("Tumours found against false alarms", "ROC curve. Touch a name in the legend to hide its line.")
        show_chart(
            plot_roc(curves), f"ROC curves. Area for any tumour {areas.get('roc_auc', 'not measured')}.", "roc", 420
        )
    with right:
        show_section("Precision against recall", "Of those called, how many are right, as more are found.")
        said = f"Precision-recall curves. Area for any tumour {areas.get('pr_auc', 'not measured')}."
        show_chart(plot_precision_recall(curves), said, "pr", 420)
    show_section(
        "Is its confidence earned?", "Points on the dotted line are right as often as they say; size is how many."
    )
    if curves.reliability.empty:
        show_missing("There is no reliability diagram for these images. Write it with:", report.evaluate_command)
        return
    figure, said = plot_reliability(curves)
    show_chart(figure, said, "reliability", 400)
    if ece := metrics.get("ece"):
        st.caption(f"Expected calibration error {ece.plain()}, {sample_size_text(ece)}.")


def show_training(report: VersionReport) -> None:
    """Learning curves or members, label distribution and architecture."""
    averages = bool(report.card_value("members"))
    # Not in one line: Streamlit shows the value of an expression that stands alone.
    if averages:
        show_members(report)
    else:
        show_learning_curves(report)
    show_section("What it was trained and tested on")
    counts = report.card_value("data", "counts")
    if counts:
        figure, said = plot_splits(counts)
        show_chart(figure, said, "splits", 280)
        groups = report.card_value("data", "groups") or {}
        parts = [f"{pluralize(int(groups[s]), 'group')} in {t.lower()}" for s, t in SPLIT_TITLES.items() if s in groups]
        st.caption(f"Independent groups: {', '.join(parts)}.")
    else:
        show_missing("The card does not say how images were dealt. Train the version with:", report.train_command)
    if not averages:
        show_section("Architecture")
        show_architecture(report)


def show_learning_curves(report: VersionReport) -> None:
    """Learning curves."""
    show_section("Learning curves")
    if report.history.empty:
        show_missing("There is no training history for this version. Train it with:", report.train_command)
    else:
        best = report.card_value("training", "best_epoch")
        figure, said = plot_learning_curves(report.history, best if isinstance(best, int) else None)
        show_chart(figure, said, "learning", 340, top=28)
        if isinstance(best, int):
            st.caption(f"The dotted line marks epoch {best}, whose weights were kept.")


def show_architecture(report: VersionReport) -> None:
    """The picture of the network."""
    picture = report.figure_path("architecture.png")
    if picture is None:
        show_missing("There is no picture of this network. Draw it with:", report.train_command)
        return
    name, parameters = report.card_value("architecture"), report.card_value("parameters")
    said = f"{name}, {pluralize(int(parameters), 'parameter')}" if parameters else f"{name}"
    st.image(str(picture), width="stretch", alt=f"Layers of the network {said}, from input to output.")
    st.caption(f"{said}.")


TABS: dict[str, Callable[[VersionReport], None]] = {
    "Scores": show_scores,
    "Curves": show_curves,
    "Certainty": render_uncertainty,
    "Where": render_localization,
    "Subgroups": show_subgroups,
    "Outside": show_external,
    "Robustness": show_robustness,
    "Speed": show_latency,
    "Compare": show_comparison,
    "Training": show_training,
    "Leakage": leakage.show_leakage_effect,
    "Model card": model_card.show_model_card,
}

show_header("Performance", "What the model gets right and wrong, with intervals, and the price of a split that leaks.")
report = cache.get_report(cache.select_version())
for part, tab in zip(TABS, st.tabs(list(TABS), key="part", bind="query-params"), strict=True):
    # Only the open tab is drawn: the others cost nothing until they are asked for.
    if tab.open:
        with tab:
            TABS[part](report)
