"""The dashboard: page list and shared layout."""

import streamlit as st

from app_pages.components.shared.page import LOGO, show_layout, unknown_page
from app_pages.components.shared.session_state import FINDINGS_KEY
from app_pages.components.shared.storage import may_keep_records
from app_pages.components.shared.unsaved_warning import show_unsaved_warning
from app_pages.components.shared.visitor import current_visitor, show_account_menu
from braintumor.enums import RESEARCH_USE

st.set_page_config(
    page_title="Brain Tumor Detector",
    page_icon=LOGO,
    layout="wide",
    menu_items={"About": f"**Brain Tumor Detector.** {RESEARCH_USE}"},
)
visitor = current_visitor()
has_history = may_keep_records()
pages = [
    st.Page("app_pages/summary.py", title="Summary", default=True),
    st.Page("app_pages/visualizer.py", title="Visualizer"),
    st.Page("app_pages/detection.py", title="Detection"),
    *([st.Page("app_pages/history.py", title="History")] if has_history else []),
    *([st.Page("app_pages/dashboard.py", title="Dashboard")] if has_history else []),
    st.Page("app_pages/practice.py", title="Practice"),
    st.Page("app_pages/session_log.py", title="Session log"),
    st.Page("app_pages/hypotheses.py", title="Hypotheses"),
    st.Page("app_pages/performance.py", title="Performance"),
]
if visitor is not None and visitor.actor.is_administrator:
    pages.append(st.Page("app_pages/administration.py", title="Administration"))
page = st.navigation([*pages, *unknown_page(pages)], position="top")
show_layout(pages, page)
show_account_menu(visitor)
if FINDINGS_KEY in st.session_state:
    with st.bottom:
        from app_pages.components.detection.saving import has_unsaved_findings  # slow, and few sessions need it

        show_unsaved_warning("page", has_unsaved_findings())
page.run()
