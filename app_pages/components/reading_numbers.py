"""What the numbers mean: how often this version is right, by its own evaluation, and where it may not be trusted."""

from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.words import evidence, held_out
from braintumor.evaluation.report import Report
from braintumor.inference.verdict import Thresholds
from braintumor.vocabulary import Split

# Split, where that is in words, and the shares of tumours and of healthy scans at or above the calling threshold.
_CALLED: Final = (
    (Split.TEST, "", ("tumors@verdict:tumor suspected", "healthy@verdict:tumor suspected")),
    ("outside", "In other collections", ("called", "false_alarms")),
)


def show_numbers(version: str, thresholds: Thresholds) -> None:
    """The paragraph, folded until it is asked for."""
    with st.expander("What the numbers mean", key="numbers-meaning"):
        report = artifacts.report(version)
        st.markdown(" ".join([*_shares(report), _called(thresholds), _set(report)]))
        limits = report.fact("limits") or []
        if limits:
            st.markdown("**Limits**\n" + "\n".join(f"- {limit}" for limit in limits))


def _shares(report: Report) -> list[str]:
    said = []
    for split, where, names in _CALLED:
        called, alarms = (report.metric(split, name) for name in names)
        parts = []
        if called is not None:
            parts.append(f"calls {called.percent()} of the tumours ({evidence(called)})")
        if alarms is not None:
            healthy = "healthy test scans" if split == "outside" else "healthy scans"
            parts.append(f"{alarms.percent()} of the {healthy} ({evidence(alarms)})")
        if parts:
            said.append(f"{where or held_out(report)}, version {report.version} {' and '.join(parts)}.")
    return said or [f"Version {report.version} has not been measured, so nothing is known of how often it is right."]


def _called(thresholds: Thresholds) -> str:
    return (
        f"A tumour probability from {thresholds.high:.1%} is called, one up to {thresholds.low:.1%} is cleared, and "
        "what lies between is left to the reader. Probabilities are calibrated on validation scans: they hold for "
        "scans like those, in which tumours are far more common than among patients."
    )


def _set(report: Report) -> str:
    level, covered = report.fact("conformal", "level"), report.metric(Split.TEST, "set_coverage")
    if not isinstance(level, float):
        return ""
    held = "" if covered is None else f"; on the test scans {covered.percent()} did"
    return f"The set of classes is made to hold the truth in {level:.0%} of scans{held}."
