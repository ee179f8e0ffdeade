"""Hypotheses: each claim with its test, the number with its interval, and a verdict that follows from both."""

import streamlit as st

from app_pages.components.hypotheses.figures import show_hypothesis_figure
from app_pages.components.shared import cache
from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.colors import ACCENT, STATUS_TONES
from app_pages.components.shared.formatting import pluralize, sample_size_text
from app_pages.components.shared.page import show_header, show_missing
from braintumor.enums import Protocol
from braintumor.inference.runs import Run
from braintumor.results.hypotheses import evaluate_hypotheses
from braintumor.results.hypothesis_status import Experiments, Hypothesis, HypothesisStatus
from braintumor.results.version import leakage_baseline

STATUS_ICONS = {
    HypothesisStatus.SUPPORTED: ":material/check_circle:",
    HypothesisStatus.NOT_SUPPORTED: ":material/cancel:",
    HypothesisStatus.UNDECIDED: ":material/help:",
}


def show_hypothesis(number: int, hypothesis: Hypothesis, experiments: Experiments) -> None:
    """The card of one hypothesis: question, verdict and method beside the numbers."""
    status = hypothesis.status
    with st.container(border=True, key=f"hypothesis-{hypothesis.key}"):
        words, numbers = st.columns([5, 6], gap="medium")
        with words:
            st.header(f"{number}. {hypothesis.question}", anchor=False)
            st.badge(str(status).capitalize(), icon=STATUS_ICONS[status], color=STATUS_TONES[status])  # type: ignore[arg-type]
            st.markdown(hypothesis.conclusion)
            st.caption(hypothesis.method)
        with numbers:
            show_test_results(hypothesis)
            show_hypothesis_figure(hypothesis.key, experiments)
            if hypothesis.commands:
                show_missing("Measure what is missing with:", *hypothesis.commands)


def show_test_results(hypothesis: Hypothesis) -> None:
    """The measured numbers with their intervals against their bars, drawn and in words."""
    measured = [(finding, finding.estimate) for finding in hypothesis.test_results if finding.estimate is not None]
    if not measured:
        return
    first = measured[0][0].unit
    drawn = [(f, estimate) for f, estimate in measured if f.unit == first]  # one axis holds one unit
    bars = [
        IntervalRow(_capitalize_first(f.label), estimate, f.estimate_text, ACCENT, f.target, f.target_text)
        for f, estimate in drawn
    ]
    unit = {"percent": "share", "points": "points"}.get(first, "plain")
    said = "; ".join(f"{f.label} {f.estimate_text}, needed {f.target_text}: {f.status}" for f, _ in drawn)
    show_chart(
        plot_intervals(bars, unit), f"Estimates with 95% intervals. {said}.", hypothesis.key, 44 + 52 * len(bars)
    )
    lines = [
        f"**{_capitalize_first(f.label)}:** {f.estimate_text}{', ' + n if (n := sample_size_text(estimate)) else ''}; needed "
        f"{f.target_text}: {f.status}."
        for f, estimate in measured
    ]
    st.caption("  \n".join(lines))


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]


show_header(
    "Hypotheses",
    "Six claims, each tested on what was measured. A claim is supported when the whole interval reaches its bar, not "
    "supported when none of it does, and undecided in between or until it has been measured.",
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
    f"**Of {pluralize(len(hypotheses), 'claim')}:** "
    + ", ".join(f":{STATUS_TONES[s]}[{n} {s}]" for s, n in status_counts if n)
    + "."
)
for number, hypothesis in enumerate(hypotheses, start=1):
    show_hypothesis(number, hypothesis, experiments)
