"""History page: stored readings, to search, open, compare, delete, restore and download."""

from typing import TYPE_CHECKING

import streamlit as st

from app_pages.components.history.keeping import show_offer, show_storage
from app_pages.components.shared.links import choose_segment
from app_pages.components.shared.page import show_header, show_missing
from app_pages.components.shared.storage import Records, find_records, may_keep_records
from braintumor.errors import BrainTumorError

if TYPE_CHECKING:
    from braintumor.db.search import Page, SearchQuery

SAVED, DELETED = "Saved", "Deleted"


def show_page(records: Records) -> None:
    """Draw one record if the address names it, else the list."""
    from app_pages.components.history.record_view import show_record

    if reading_id := st.query_params.get("record"):
        show_record(records, reading_id)
        return
    if not records.is_saving:
        show_offer()
    show_storage(records)
    show_list(records)


def show_list(records: Records) -> None:
    """Draw the search, one page of rows, and what to do with them."""
    from app_pages.components.history.records_list import read_page, show_actions, show_paging, show_rows
    from app_pages.components.history.search_form import choose_query
    from braintumor.db.overview.summary import list_versions

    shown = choose_segment("Records", [SAVED, DELETED], "history-shown", label_visibility="collapsed")
    is_deleted = shown == DELETED
    query = choose_query(list_versions(records.storage, records.actor), deleted=is_deleted)
    page = read_page(records, query)
    if not page.records:
        with st.container(horizontal=True, vertical_alignment="center"):
            show_actions(records, [], deleted=is_deleted)
            if not is_deleted:
                _show_downloads(records, query, page)
        st.markdown(_empty_text(query))
        return
    actions = st.container()
    selected = show_rows(page)
    with actions, st.container(horizontal=True, vertical_alignment="center"):
        show_actions(records, selected, deleted=is_deleted)
        if not is_deleted:
            _show_downloads(records, query, page)
    show_paging(page)


def _empty_text(query: "SearchQuery") -> str:
    if any((query.name, query.verdict, query.version, query.level, query.opinion, query.read_from)):
        return "No record matches this search."
    if query.deleted:
        return "Nothing was deleted. Deleted records can be restored here before they are removed for good."
    return "No records yet. Readings of the Detection page appear here."


def _show_downloads(records: Records, query: "SearchQuery", page: "Page") -> None:
    """Draw the downloads of the whole search; the files are made when a button is pressed."""
    from app_pages.components.shared import cache
    from braintumor.services.records.export import MAX_ZIP_RECORDS, export_csv, export_records_zip, has_too_many

    storage, actor = records.storage, records.actor
    too_many = bool(page.next) and has_too_many(storage, actor, query)
    with st.popover("Download", icon=":material/download:", disabled=not page.records):
        st.caption("All records of this search. The download is noted in the audit log.")
        st.download_button(
            "CSV", lambda: export_csv(storage, actor, query), "braintumor-history.csv", "text/csv", on_click="ignore",
            icon=":material/download:", key="history-csv",
        )  # fmt: skip
        st.download_button(
            "ZIP with scans and overlays", lambda: export_records_zip(storage, actor, query, cache.find_detector),
            "braintumor-history.zip", "application/zip", on_click="ignore", icon=":material/download:",
            key="history-zip", disabled=too_many,
            help=f"At most {MAX_ZIP_RECORDS} records. Narrow the search." if too_many else None,
        )  # fmt: skip


show_header("History", "Stored readings: open, compare with another model version, download or delete them.")
try:
    records = find_records() if may_keep_records() else None
    if records is not None:
        show_page(records)
    else:
        show_offer()
except BrainTumorError as problem:
    show_missing(str(problem))
