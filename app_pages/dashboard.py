"""Dashboard page: what was read so far, agreement with the model, and what is most uncertain."""

from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from app_pages.components.shared.links import choose_from_list, choose_segment
from app_pages.components.shared.page import show_header, show_missing, show_section
from app_pages.components.shared.storage import Records, find_records, may_keep_records
from braintumor.errors import BrainTumorError
from braintumor.text import pluralize

_PERIODS: Final = {"All time": None, "90 days": 90, "30 days": 30, "7 days": 7}
_WORKLIST_ROWS: Final = 15


def show_page(records: Records) -> None:
    """Draw the filters, counts, timeline, agreement and worklist."""
    from app_pages.components.dashboard.agreement import show_agreement
    from app_pages.components.dashboard.charts import show_distribution, show_timeline
    from braintumor.db.overview.summary import list_readings_with_finding, list_versions, summarize_history

    storage, actor = records.storage, records.actor
    versions = list_versions(storage, actor)
    if not versions:
        show_empty()
        return
    with st.container(horizontal=True, vertical_alignment="bottom", key="dashboard-filters"):
        version = _choose_version(versions)
        period = choose_segment("Period", list(_PERIODS), "period")
    days = _PERIODS[period]
    since = None if days is None else datetime.now(UTC) - timedelta(days=days)
    summary = summarize_history(storage, actor, version, since)
    if not summary.readings:
        st.markdown("No readings in this period.")
        return
    st.markdown(f"**{pluralize(summary.readings, 'reading')}** by {version or 'all model versions'}.")
    show_distribution(summary)
    show_timeline(summary)
    show_agreement(list_readings_with_finding(storage, actor, version, since))
    show_worklist(records, version, since)


def _choose_version(versions: list[str]) -> str:
    options = versions if len(versions) == 1 else ["", *versions]
    version: str = choose_from_list(
        "Model version", options, "dashboard-version", width=220, format_func=lambda each: each or "All versions"
    )
    return version


def show_worklist(records: Records, version: str, since: datetime | None) -> None:
    """Draw the most uncertain readings without a finding, with links."""
    from app_pages.components.history.records_list import log_rows_shown, show_links
    from braintumor.db.search import SearchQuery, Sort, search
    from braintumor.enums import Verdict

    show_section(
        "Most uncertain first", "Readings with a tumour probability closest to 50%, without a finding of yours."
    )
    query = SearchQuery(version=version, read_from=since, sort=Sort.UNCERTAINTY, rows=10 * _WORKLIST_ROWS)
    rows = search(records.storage, records.actor, query).records
    waiting = [row for row in rows if not row.opinion and Verdict(row.verdict).has_result]
    if waiting:
        log_rows_shown(records, waiting[:_WORKLIST_ROWS])
        show_links(waiting[:_WORKLIST_ROWS])
    else:
        st.markdown("You have entered a finding for all of the most uncertain readings.")


def show_empty() -> None:
    """Say that there are no readings, and where they come from."""
    st.markdown("No stored readings yet. The dashboard counts the readings of your history.")
    with st.container(horizontal=True):
        st.page_link("app_pages/detection.py", label="Read scans", icon=":material/image_search:")
        st.page_link("app_pages/history.py", label="History", icon=":material/history:")


show_header("Dashboard", "Your stored readings in numbers: verdicts, classes, agreement with the model.")
try:
    records = find_records() if may_keep_records() else None
    if records is not None:
        show_page(records)
    else:
        show_empty()
except BrainTumorError as problem:
    show_missing(str(problem))
