"""What the numbers mean: how often this version is right, by its own evaluation, and where it may not be trusted."""

from typing import Final

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.words import evidence
from braintumor.dataset.sets import KAGGLE, YES_NO, learnt_from
from braintumor.evaluation.report import Report
from braintumor.inference.verdict import Thresholds
from braintumor.vocabulary import Split

# Who the patients of the yes/no set are, nobody said.
_HELD_OUT: Final = {
    KAGGLE.folder: "On test scans of patients it never saw",
    YES_NO.folder: "On pictures of the yes/no set that are no near copy of one it learnt from",
}


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
    for split, where in ((Split.TEST, _HELD_OUT[learnt_from(report.card).folder]), ("outside", "In other collections")):
        sensitivity, specificity = (report.metric(split, f"tumor_{name}") for name in ("sensitivity", "specificity"))
        parts = []
        if sensitivity is not None:
            parts.append(f"calls {sensitivity.percent()} of the tumours ({evidence(sensitivity)})")
        if specificity is not None:
            parts.append(f"leaves alone {specificity.percent()} of the healthy scans ({evidence(specificity)})")
        if parts:
            said.append(f"{where}, version {report.version} {' and '.join(parts)}.")
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
