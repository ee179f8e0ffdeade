"""What the numbers mean: how often this version is right, by its own evaluation, and where it may not be trusted."""

from typing import Final

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.formatting import sample_size_text, test_set_text
from braintumor.enums import Split
from braintumor.inference.decision import Thresholds
from braintumor.results.version import VersionReport

# Split, where that is in words, and the shares of tumours and of healthy scans at or above the calling threshold.
_FLAGGED_RATES: Final = (
    (Split.TEST, "", ("tumors@verdict:tumor suspected", "healthy@verdict:tumor suspected")),
    ("outside", "In other collections", ("called", "false_alarms")),
)


def show_model_accuracy(version: str, thresholds: Thresholds) -> None:
    """The paragraph, folded until it is asked for."""
    with st.expander("What the numbers mean", key="numbers-meaning"):
        report = cache.get_report(version)
        st.markdown(
            " ".join(
                [*_summarize_flagged_rates(report), _summarize_thresholds(thresholds), _summarize_set_coverage(report)]
            )
        )
        limits = report.card_value("limits") or []
        if limits:
            st.markdown("**Limits**\n" + "\n".join(f"- {limit}" for limit in limits))


def _summarize_flagged_rates(report: VersionReport) -> list[str]:
    said = []
    for split, where, names in _FLAGGED_RATES:
        called, alarms = (report.metric(split, name) for name in names)
        parts = []
        if called is not None:
            parts.append(f"calls {called.percent()} of the tumours ({sample_size_text(called)})")
        if alarms is not None:
            healthy = "healthy test scans" if split == "outside" else "healthy scans"
            parts.append(f"{alarms.percent()} of the {healthy} ({sample_size_text(alarms)})")
        if parts:
            said.append(f"{where or test_set_text(report)}, version {report.version} {' and '.join(parts)}.")
    return said or [f"Version {report.version} has not been measured, so nothing is known of how often it is right."]


def _summarize_thresholds(thresholds: Thresholds) -> str:
    return (
        f"A tumour probability from {thresholds.rule_in:.1%} is called, one up to {thresholds.rule_out:.1%} is cleared, and "
        "what lies between is left to the reader. Probabilities are calibrated on validation scans: they hold for "
        "scans like those, in which tumours are far more common than among patients."
    )


def _summarize_set_coverage(report: VersionReport) -> str:
    level, covered = report.card_value("conformal", "level"), report.metric(Split.TEST, "set_coverage")
    if not isinstance(level, float):
        return ""
    held = "" if covered is None else f"; on the test scans {covered.percent()} did"
    return f"The set of classes is made to hold the truth in {level:.0%} of scans{held}."
