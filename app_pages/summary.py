"""Summary: what the dashboard does, for clinicians, analysts and engineers."""

import streamlit as st

from app_pages.components.shared import cache
from app_pages.components.shared.page import show_header
from app_pages.components.summary.analyst import show_analyst
from app_pages.components.summary.clinician import show_clinician
from app_pages.components.summary.engineer import show_engineer
from braintumor.enums import RESEARCH_USE

with st.container(horizontal=True, key="summary-head"):
    header = st.container(width="stretch")
    report = cache.get_report(cache.select_version())
with header:
    show_header(
        "Brain Tumor Detector",
        f"Reads brain MRI and says whether a tumour is suspected,{' which type,' if report.is_multiclass else ''} "
        "what supports the answer and how certain it is. If it cannot decide, it says so.",
    )
clinician, analyst, engineer = st.tabs(
    ["For clinicians", "For analysts", "For engineers"], key="reader", bind="query-params"
)
with analyst:
    show_analyst(report)
with engineer:
    show_engineer()
with clinician:
    show_clinician(report)
st.caption(RESEARCH_USE)
