"""How often the model is right by its own evaluation, and its known limits."""

from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import join_words, test_set_text
from braintumor.enums import EXTERNAL_SPLIT, Split
from braintumor.inference.decision import Thresholds, describe_rule
from braintumor.results.version import VersionReport

# Shares of scans at or above the threshold: split, metric of tumours, metric of tumour-free scans, and their name.
_FLAGGED_RATES: Final = (
    (Split.TEST, "tumors@verdict:tumor suspected", "tumor_free@verdict:tumor suspected", "tumour-free scans"),
    (EXTERNAL_SPLIT, "flagged", "false_alarms", "tumour-free test scans"),
)


def show_model_accuracy(version: str, thresholds: Thresholds) -> None:
    """Draw the explanation in a collapsed expander."""
    with st.expander("How to interpret the numbers", key="numbers-meaning"):
        report = cache.get_report(version)
        sentences = [*_summarize_flagged_rates(report), _summarize_thresholds(thresholds)]
        st.markdown(" ".join([*sentences, _summarize_set_coverage(report)]))
        if report.card and report.card.limits:
            st.markdown("**Limits**\n" + "\n".join(f"- {limit}" for limit in report.card.limits))


def _summarize_flagged_rates(report: VersionReport) -> list[str]:
    sentences = []
    for split, tumor_metric, tumor_free_metric, tumor_free in _FLAGGED_RATES:
        metrics = ((tumor_metric, "tumours"), (tumor_free_metric, tumor_free))
        rates = [
            f"{metric.describe()} of the {scans}" for name, scans in metrics if (metric := report.metric(split, name))
        ]
        if rates:
            start = f"{test_set_text(report)}. Version" if split == Split.TEST else "On other collections, version"
            sentences.append(f"{start} {report.version} flags {join_words(rates)}.")
    return sentences or [f"Version {report.version} has not been evaluated, so its accuracy is unknown."]


def _summarize_thresholds(thresholds: Thresholds) -> str:
    return (
        f"Tumour probability: {describe_rule(thresholds)} Probabilities are calibrated on validation scans, in which "
        "tumours are far more common than among patients, and are valid only for such scans."
    )


def _summarize_set_coverage(report: VersionReport) -> str:
    level, coverage = report.card and report.card.conformal.level, report.metric(Split.TEST, "set_coverage")
    if level is None:
        return ""
    measured = "" if coverage is None else f"; on the test scans it did in {coverage.describe()}"
    return f"The prediction set is designed to contain the true class in {level:.0%} of scans{measured}."
