"""Performance: how good a version is and what it was trained on, drawn from its artifact."""

from collections.abc import Callable

import streamlit as st

from app_pages.components import artifacts, card, leakage
from app_pages.components.charts import show
from app_pages.components.frame import header, missing, section
from app_pages.components.parts import choose_split
from app_pages.components.performance_certainty import show_certainty
from app_pages.components.performance_comparison import show_comparison
from app_pages.components.performance_members import show_members
from app_pages.components.performance_mistakes import show_cell, show_confusion
from app_pages.components.performance_outside import show_outside
from app_pages.components.performance_places import show_places
from app_pages.components.performance_robustness import show_robustness
from app_pages.components.performance_seeds import show_seeds
from app_pages.components.performance_speed import show_speed
from app_pages.components.performance_subgroups import show_subgroups
from app_pages.components.score_charts import precision_recall, reliability, roc
from app_pages.components.tables import both_ways, by_class, overall
from app_pages.components.training_charts import learning, splits
from app_pages.components.words import SPLIT_TITLES, count, evidence
from braintumor.evaluation.measures import Curves
from braintumor.evaluation.report import Report
from braintumor.evaluation.sentences import outside_sentence, reader_sentence
from braintumor.evaluation.stages import Stage


def show_scores(report: Report) -> None:
    """Metrics with intervals, and the confusion matrix."""
    if not report.evaluation:
        missing("This version has not been measured yet. Measure it with:", report.remedy)
        return
    split = choose_split(report, "scores")
    metrics = report.evaluation[split]
    if accuracy := metrics.get("accuracy"):
        st.markdown(f"**{SPLIT_TITLES[split]}:** accuracy {accuracy.percent()}, {evidence(accuracy)}.")
    outside = report.stages.get("outside", Stage())
    if said := f"{reader_sentence(metrics)} {'' if outside.stale else outside_sentence(outside.metrics)}".strip():
        st.markdown(said)
    matrix, table = st.columns(2, gap="medium")
    with matrix:
        show_confusion(report.curves.get(split, Curves()), report, split)
    with table:
        whole = "All classes together" if report.tells_kinds else "Both answers together"
        section(whole, "With 95% intervals, computed over groups.")
        with st.container(key="numbers-overall"):
            st.table(overall(metrics), border="horizontal")
    if report.tells_kinds:
        section("Class by class", "Each against the other three.")
    else:
        section("Tumour and none", "This version tells no kind of tumour from another.")
    with st.container(key="numbers-by-class"):
        st.table(by_class(metrics) if report.tells_kinds else both_ways(metrics), border="horizontal")
    show_cell(report, split)
    show_seeds(report.version, split)


def show_curves(report: Report) -> None:
    """ROC, precision-recall and reliability."""
    if not report.curves:
        missing("There are no curves for this version. Write them with:", report.remedy)
        return
    split = choose_split(report, "curves") if report.evaluation else next(iter(report.curves))
    curves, metrics = report.curves.get(split, Curves()), report.evaluation.get(split, {})
    areas = {name: metrics[name].percent() for name in ("roc_auc", "pr_auc") if name in metrics}
    left, right = st.columns(2, gap="medium")
    with left:
        section("Tumours found against false alarms", "ROC curve. Touch a name in the legend to hide its line.")
        show(roc(curves), f"ROC curves. Area for any tumour {areas.get('roc_auc', 'not measured')}.", "roc", 420)
    with right:
        section("Precision against recall", "Of those called, how many are right, as more are found.")
        said = f"Precision-recall curves. Area for any tumour {areas.get('pr_auc', 'not measured')}."
        show(precision_recall(curves), said, "pr", 420)
    section("Is its confidence earned?", "Points on the dotted line are right as often as they say; size is how many.")
    if curves.reliability.empty:
        missing("There is no reliability diagram for these images. Write it with:", report.remedy)
        return
    figure, said = reliability(curves)
    show(figure, said, "reliability", 400)
    if ece := metrics.get("ece"):
        st.caption(f"Expected calibration error {ece.plain()}, {evidence(ece)}.")


def show_training(report: Report) -> None:
    """Learning curves or members, label distribution and architecture."""
    averages = bool(report.fact("members"))
    # Not in one line: Streamlit shows the value of an expression that stands alone.
    if averages:
        show_members(report)
    else:
        show_learning(report)
    section("What it was trained and tested on")
    counts = report.fact("data", "counts")
    if counts:
        figure, said = splits(counts)
        show(figure, said, "splits", 280)
        groups = report.fact("data", "groups") or {}
        parts = [f"{count(int(groups[s]), 'group')} in {t.lower()}" for s, t in SPLIT_TITLES.items() if s in groups]
        st.caption(f"Independent groups: {', '.join(parts)}.")
    else:
        missing("The card does not say how images were dealt. Train the version with:", report.retrain)
    if not averages:
        section("Architecture")
        show_architecture(report)


def show_learning(report: Report) -> None:
    """Learning curves."""
    section("Learning curves")
    if report.history.empty:
        missing("There is no training history for this version. Train it with:", report.retrain)
    else:
        best = report.fact("training", "best_epoch")
        figure, said = learning(report.history, best if isinstance(best, int) else None)
        show(figure, said, "learning", 340, top=28)
        if isinstance(best, int):
            st.caption(f"The dotted line marks epoch {best}, whose weights were kept.")


def show_architecture(report: Report) -> None:
    """The picture of the network."""
    picture = report.figure("architecture.png")
    if picture is None:
        missing("There is no picture of this network. Draw it with:", report.retrain)
        return
    name, parameters = report.fact("architecture"), report.fact("parameters")
    said = f"{name}, {count(int(parameters), 'parameter')}" if parameters else f"{name}"
    st.image(str(picture), width="stretch", alt=f"Layers of the network {said}, from input to output.")
    st.caption(f"{said}.")


PARTS: dict[str, Callable[[Report], None]] = {
    "Scores": show_scores,
    "Curves": show_curves,
    "Certainty": show_certainty,
    "Where": show_places,
    "Subgroups": show_subgroups,
    "Outside": show_outside,
    "Robustness": show_robustness,
    "Speed": show_speed,
    "Compare": show_comparison,
    "Training": show_training,
    "Leakage": leakage.show_leakage,
    "Model card": card.show_card,
}

header("Performance", "What the model gets right and wrong, with intervals, and the price of a split that leaks.")
report = artifacts.report(artifacts.chosen_version())
for part, tab in zip(PARTS, st.tabs(list(PARTS), key="part", bind="query-params"), strict=True):
    # Only the open tab is drawn: the others cost nothing until they are asked for.
    if tab.open:
        with tab:
            PARTS[part](report)
