"""Hypotheses: each with its test, the measured numbers with confidence intervals, and the resulting status."""

from typing import Final

import streamlit as st

from app_pages.components.hypotheses.figures import show_hypothesis_figure
from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, draw_chart, interval_chart
from app_pages.components.shared.colors import ACCENT, STATUS_TONES
from app_pages.components.shared.formatting import pluralize
from app_pages.components.shared.page import show_header, show_missing
from braintumor.enums import Protocol
from braintumor.inference.runs import Run
from braintumor.results.hypotheses import evaluate_hypotheses
from braintumor.results.hypothesis_status import Experiments, Hypothesis, HypothesisStatus
from braintumor.results.version import leakage_baseline
from braintumor.text import capitalize_first

STATUS_ICONS: Final = {
    HypothesisStatus.SUPPORTED: ":material/check_circle:",
    HypothesisStatus.NOT_SUPPORTED: ":material/cancel:",
    HypothesisStatus.UNDECIDED: ":material/help:",
}
_CHART_UNITS: Final = {"percent": "share", "points": "points", "plain": "plain"}


def show_hypothesis(number: int, hypothesis: Hypothesis, experiments: Experiments) -> None:
    """Show one hypothesis: question, status and method on the left, numbers on the right."""
    status = hypothesis.status
    with st.container(border=True, key=f"hypothesis-{hypothesis.key}"):
        left, right = st.columns([5, 6], gap="medium")
        with left:
            st.header(f"{number}. {hypothesis.question}", anchor=False)
            st.badge(str(status).capitalize(), icon=STATUS_ICONS[status], color=STATUS_TONES[status])
            st.markdown(hypothesis.conclusion)
            st.caption(hypothesis.method)
        with right:
            show_test_results(hypothesis)
            show_hypothesis_figure(hypothesis.key, experiments)
            if hypothesis.commands:
                show_missing("Not everything was measured. Run:", *hypothesis.commands)


def show_test_results(hypothesis: Hypothesis) -> None:
    """Show the measured numbers with their intervals and targets, as a chart and as text."""
    measured = [(result, result.estimate) for result in hypothesis.test_results if result.estimate is not None]
    if not measured:
        return
    unit = measured[0][0].unit
    charted = [(result, estimate) for result, estimate in measured if result.unit == unit]  # one axis, one unit
    rows = [
        IntervalRow(capitalize_first(r.label), estimate, r.estimate_text, ACCENT, r.target, r.target_text)
        for r, estimate in charted
    ]
    alt = "; ".join(f"{r.label} {r.estimate_text}, target {r.target_text}: {r.status}" for r, _ in charted)
    figure = interval_chart(tuple(rows), _CHART_UNITS[unit], 44 + 52 * len(rows))
    draw_chart(figure, f"Estimates with 95% confidence intervals. {alt}.", hypothesis.key)
    lines = [
        f"**{capitalize_first(r.label)}:** {r.estimate_text}; target {r.target_text}: {r.status}." for r, _ in measured
    ]
    st.caption("  \n".join(lines))


show_header(
    "Hypotheses",
    "Six hypotheses, each with a test that may fail. A hypothesis is supported if the whole confidence interval "
    "reaches the target, not supported if none of it does, and undecided otherwise or if it was not measured.",
)
version = cache.select_version()
baseline = leakage_baseline(version)
experiments = cache.get_experiments()
hypotheses = evaluate_hypotheses(
    cache.get_report(version),
    cache.get_report(Run(baseline, Protocol.RANDOM).name),
    cache.get_report(Run(baseline, Protocol.OFFICIAL).name),
    cache.get_class_averages(),
    experiments,
    group_report=cache.get_report(baseline),
)
status_counts = [(status, sum(h.status is status for h in hypotheses)) for status in HypothesisStatus]
st.markdown(
    f"**Of {pluralize(len(hypotheses), 'hypothesis', 'hypotheses')}:** "
    + ", ".join(f":{STATUS_TONES[status]}[{n} {status}]" for status, n in status_counts if n)
    + "."
)
for number, hypothesis in enumerate(hypotheses, start=1):
    show_hypothesis(number, hypothesis, experiments)
