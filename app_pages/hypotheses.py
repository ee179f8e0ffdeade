"""Hypotheses: each claim with its test, the number with its interval, and a verdict that follows from both."""

import streamlit as st

from app_pages.components import artifacts
from app_pages.components.charts import Bar, intervals, show
from app_pages.components.frame import header, missing
from app_pages.components.hypothesis_figures import show_figure
from app_pages.components.palette import ACCENT, STATUS_TONES
from app_pages.components.words import count, evidence
from braintumor.evaluation.claims import Hypothesis, Status
from braintumor.evaluation.experiments_file import Experiments
from braintumor.evaluation.hypotheses import weigh_hypotheses
from braintumor.evaluation.report import leak_version

ICONS = {
    Status.SUPPORTED: ":material/check_circle:",
    Status.NOT_SUPPORTED: ":material/cancel:",
    Status.UNDECIDED: ":material/help:",
}


def show_hypothesis(number: int, hypothesis: Hypothesis, experiments: Experiments) -> None:
    """The card of one hypothesis: question, verdict and method beside the numbers."""
    status = hypothesis.status
    with st.container(border=True, key=f"hypothesis-{hypothesis.key}"):
        words, numbers = st.columns([5, 6], gap="medium")
        with words:
            st.header(f"{number}. {hypothesis.question}", anchor=False)
            st.badge(str(status).capitalize(), icon=ICONS[status], color=STATUS_TONES[status])  # type: ignore[arg-type]
            st.markdown(hypothesis.conclusion)
            st.caption(hypothesis.method)
        with numbers:
            show_findings(hypothesis)
            show_figure(hypothesis.key, experiments)
            if hypothesis.commands:
                missing("Measure what is missing with:", *hypothesis.commands)


def show_findings(hypothesis: Hypothesis) -> None:
    """The measured numbers with their intervals against their bars, drawn and in words."""
    measured = [(finding, finding.estimate) for finding in hypothesis.findings if finding.estimate is not None]
    if not measured:
        return
    first = measured[0][0].unit
    drawn = [(f, estimate) for f, estimate in measured if f.unit == first]  # one axis holds one unit
    bars = [Bar(_first_capital(f.label), estimate, f.measured, ACCENT, f.target, f.needed) for f, estimate in drawn]
    unit = {"percent": "share", "points": "points"}.get(first, "plain")
    said = "; ".join(f"{f.label} {f.measured}, needed {f.needed}: {f.status}" for f, _ in drawn)
    show(intervals(bars, unit), f"Estimates with 95% intervals. {said}.", hypothesis.key, 44 + 52 * len(bars))
    lines = [
        f"**{_first_capital(f.label)}:** {f.measured}{', ' + n if (n := evidence(estimate)) else ''}; needed "
        f"{f.needed}: {f.status}."
        for f, estimate in measured
    ]
    st.caption("  \n".join(lines))


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


header(
    "Hypotheses",
    "Six claims, each tested on what was measured. A claim is supported when the whole interval reaches its bar, not "
    "supported when none of it does, and undecided in between or until it has been measured.",
)
version = artifacts.chosen_version()
base = leak_version(version)
experiments = artifacts.experiments()
found = weigh_hypotheses(
    artifacts.report(version),
    artifacts.report(f"{base}-random"),
    artifacts.report(f"{base}-official"),
    artifacts.averages(),
    experiments,
    fair=artifacts.report(base),
)
tally = [(status, sum(h.status is status for h in found)) for status in Status]
st.markdown(
    f"**Of {count(len(found), 'claim')}:** " + ", ".join(f":{STATUS_TONES[s]}[{n} {s}]" for s, n in tally if n) + "."
)
for number, hypothesis in enumerate(found, start=1):
    show_hypothesis(number, hypothesis, experiments)
