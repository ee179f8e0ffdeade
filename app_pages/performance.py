"""Performance: how accurate a version is, by topic, and what it was trained on."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from app_pages.components.performance.comparison import show_comparison
from app_pages.components.performance.confusion import show_confusion, show_confusion_cell
from app_pages.components.performance.external import show_external
from app_pages.components.performance.latency import show_latency
from app_pages.components.performance.leakage import show_leakage_effect
from app_pages.components.performance.localization import show_localization
from app_pages.components.performance.model_card import show_model_card
from app_pages.components.performance.robustness import show_robustness
from app_pages.components.performance.score_charts import plot_precision_recall, plot_reliability, plot_roc
from app_pages.components.performance.seeds import show_seeds
from app_pages.components.performance.subgroups import show_subgroups
from app_pages.components.performance.training import show_training
from app_pages.components.performance.uncertainty import show_uncertainty
from app_pages.components.shared import cache
from app_pages.components.shared.charts import show_chart
from app_pages.components.shared.formatting import SPLIT_TITLES, metric_value
from app_pages.components.shared.links import check_url_value
from app_pages.components.shared.page import show_header, show_missing, show_section
from app_pages.components.shared.tables import binary_table, choose_split, class_table, overall_table
from braintumor.enums import EXTERNAL_SPLIT
from braintumor.results.metric import Curves
from braintumor.results.other_sources import current_sources_check, summarize_false_alarms
from braintumor.results.stress_test import StressTestResult
from braintumor.results.summaries import summarize_external, summarize_verdicts
from braintumor.results.version import VersionReport

SCORE_TERMS: Final = (
    "F1, macro F1", "Sensitivity, specificity", "AUC", "Precision-recall AUC", "Calibration error (ECE)",
    "Brier score", "Confidence interval", "Group",
)  # fmt: skip


def show_scores(report: VersionReport) -> None:
    """Show metrics with intervals, and the confusion matrix."""
    if not report.evaluation:
        show_missing("This version has not been evaluated yet. Run:", report.evaluate_command)
        return
    split = choose_split(report, "scores")
    metrics, external = report.evaluation[split], report.checks.get(EXTERNAL_SPLIT, StressTestResult())
    if accuracy := metrics.get("accuracy"):
        st.markdown(f"**{SPLIT_TITLES[split]}:** accuracy {accuracy.describe()}.")
    if sources := current_sources_check(report):
        beyond = summarize_false_alarms(sources)
    else:
        beyond = "" if external.is_outdated else summarize_external(external.metrics)
    summaries = [summarize_verdicts(metrics), beyond]
    if summary := " ".join(filter(None, summaries)):
        st.markdown(summary)
    left, right = st.columns(2, gap="medium")
    with left:
        show_confusion(report.curves.get(split, Curves()), report, split)
    with right:
        title = "All classes together" if report.is_multiclass else "Tumour and no tumour together"
        show_section(title, "With 95% confidence intervals, computed over groups.", SCORE_TERMS)
        with st.container(key="numbers-overall"):
            st.table(overall_table(metrics), border="horizontal")
    if report.is_multiclass:
        show_section("By class", "Each class against the other three.", ("Precision, recall", "F1, macro F1"))
    else:
        show_section("Tumour and no tumour", "This version does not predict the tumour type.")
    with st.container(key="numbers-by-class"):
        st.table(class_table(metrics) if report.is_multiclass else binary_table(metrics), border="horizontal")
    show_confusion_cell(report, split)
    show_seeds(report.version, split)


def show_curves(report: VersionReport) -> None:
    """Show ROC, precision-recall and reliability curves."""
    if not report.curves:
        show_missing("There are no curves for this version. Run:", report.evaluate_command)
        return
    split = choose_split(report, "curves") if report.evaluation else next(iter(report.curves))
    curves, metrics = report.curves.get(split, Curves()), report.evaluation.get(split, {})
    areas = {name: metric_value(name, metrics[name]) for name in ("roc_auc", "pr_auc") if name in metrics}
    left, right = st.columns(2, gap="medium")
    with left:
        show_section(
            "ROC curve",
            "Sensitivity against false positives. Click a name in the legend to hide its line.",
            ("Sensitivity, specificity", "AUC"),
        )
        alt = f"ROC curves. AUC for any tumour {areas.get('roc_auc', 'not measured')}."
        show_chart(plot_roc(curves), alt, "roc", 420)
    with right:
        show_section(
            "Precision-recall curve",
            "The share of correct predictions, as more tumours are detected.",
            ("Precision, recall", "Precision-recall AUC"),
        )
        alt = f"Precision-recall curves. AUC for any tumour {areas.get('pr_auc', 'not measured')}."
        show_chart(plot_precision_recall(curves), alt, "pr", 420)
    show_section(
        "Is it well calibrated?",
        "On the dotted line, the share of correct predictions equals the confidence. Larger points have more images.",
        ("Calibration error (ECE)", "Calibrated probability"),
    )
    if curves.reliability.empty:
        show_missing("There is no reliability diagram for these images. Run:", report.evaluate_command)
        return
    figure, summary = plot_reliability(curves)
    show_chart(figure, summary, "reliability", 400)
    if ece := metrics.get("ece"):
        st.caption(f"Expected calibration error {ece.describe('plain', digits=3)}.")


TABS: Final[dict[str, Callable[[VersionReport], None]]] = {
    "Scores": show_scores,
    "Curves": show_curves,
    "Uncertainty": show_uncertainty,
    "Localization": show_localization,
    "Subgroups": show_subgroups,
    "External": show_external,
    "Robustness": show_robustness,
    "Latency": show_latency,
    "Compare": show_comparison,
    "Training": show_training,
    "Leakage": show_leakage_effect,
    "Model card": show_model_card,
}
# Former names in links that were shared before the tabs were renamed.
_RENAMED_TABS: Final = {
    "Certainty": "Uncertainty",
    "Where": "Localization",
    "Outside": "External",
    "Speed": "Latency",
}

show_header("Performance", "What the model gets right and wrong, with confidence intervals, and the effect of leakage.")
report = cache.get_report(cache.select_version())
check_url_value("Tab", "part", {*TABS, *_RENAMED_TABS})
if (tab_name := st.query_params.get("part")) in _RENAMED_TABS:
    st.session_state["part"] = _RENAMED_TABS[tab_name]
for title, tab in zip(TABS, st.tabs(list(TABS), key="part", bind="query-params"), strict=True):
    # Only the open tab is drawn; the others cost nothing.
    if tab.open:
        with tab:
            TABS[title](report)
