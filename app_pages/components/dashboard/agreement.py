"""How often the reader agrees with the model, with intervals."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app_pages.components.shared.charts import IntervalRow, plot_intervals, show_chart
from app_pages.components.shared.page import show_section
from braintumor.db.overview.summary import ReadingWithFinding
from braintumor.enums import TUMOR_LABEL, TumorClass, Verdict
from braintumor.reporting.findings import AGREE
from braintumor.results.intervals import wilson_interval
from braintumor.results.metric import Metric

_CAPTION: Final = (
    "The model's answer is its most likely class. Agreement is not accuracy: the true diagnosis may be unknown. For "
    "the 95% intervals, the slices of one series count once, and scans of one patient from several files count as "
    "independent. Seeing the model's answer first raises the agreement; on the Practice page you answer before you see "
    "it."
)


def show_agreement(readings: Sequence[ReadingWithFinding]) -> None:
    """Draw the agreement on tumour or no tumour, and on the class."""
    show_section("Agreement between you and the model", terms=("Agreement",))
    judged = [each for each in readings if Verdict(each.verdict).has_result]
    typed = [each for each in judged if each.result != TUMOR_LABEL]
    rows = [
        IntervalRow(title, metric, metric.percent())
        for title, selected, agrees in (
            ("Tumour or no tumour", judged, agrees_on_tumor),
            ("Same class", typed, agrees_on_class),
        )
        if (metric := measure_agreement(selected, [agrees(each) for each in selected])) is not None
    ]
    if not rows:
        st.markdown("No findings yet. Enter your finding next to a result on the Detection or History page.")
        return
    for row in rows:
        st.markdown(f"**{row.label}:** {row.estimate.describe(group='series or picture').replace('image', 'finding')}.")
    figure = plot_intervals(rows)
    figure.update_xaxes(range=[-0.03, 1.03])
    alt = "; ".join(f"{row.label}, {row.text}" for row in rows)
    show_chart(figure, f"Agreement with 95% intervals. {alt}.", "agreement", 60 + 40 * len(rows))
    st.caption(_CAPTION)


def measure_agreement(readings: Sequence[ReadingWithFinding], agrees: Sequence[bool]) -> Metric | None:
    """Return the share of readings that reader and model agree on; None without readings."""
    if not readings:
        return None
    share, groups = sum(agrees) / len(readings), len({each.group for each in readings})
    return Metric(share, wilson_interval(share, groups), len(readings), groups)


def agrees_on_class(reading: ReadingWithFinding) -> bool:
    """Whether reader and model say the same class."""
    return reading.opinion in (AGREE, reading.result)


def agrees_on_tumor(reading: ReadingWithFinding) -> bool:
    """Whether reader and model both say tumour, or both no tumour."""
    return reading.opinion == AGREE or _is_tumor(reading.opinion) is _is_tumor(reading.result)


def _is_tumor(label: str) -> bool:
    return label == TUMOR_LABEL or TumorClass(label).is_tumor
