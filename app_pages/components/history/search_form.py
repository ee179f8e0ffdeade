"""Filters and order of the history."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import streamlit as st

from app_pages.components.shared.formatting import VERDICT_TITLES
from app_pages.components.shared.links import check_url_value, choose_from_list, is_day
from braintumor.db.search import SearchQuery, Sort
from braintumor.db.tables.records import SLICE, STUDY
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.reporting.findings import AGREE

ROWS: Final = 25
# Title, column, and whether the highest comes first.
_ORDERS: Final = {
    "Newest first": (Sort.TIME, True),
    "Oldest first": (Sort.TIME, False),
    "Name": (Sort.NAME, False),
    "Highest tumour probability first": (Sort.TUMOR_PROBABILITY, True),
    "Most uncertain first": (Sort.UNCERTAINTY, True),
}
_ANY: Final = ""
# Title, level, and whether slices of a stored series or volume are left out.
_KINDS: Final = {
    "Studies and single images": (_ANY, True),
    "Studies (series and volumes)": (STUDY, False),
    "Single slices": (SLICE, False),
    "All": (_ANY, False),
}


def choose_query(versions: list[str], *, deleted: bool) -> SearchQuery:
    """Draw the search and return it.

    Parameters
    ----------
    versions : list of str
        Model versions to choose from.
    deleted : bool
        Search in what was deleted.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", key="history-search"):
        # Not in the address, which ends up in logs and bookmarks: a name may be that of a patient.
        name = st.text_input("Name contains", key="history-name", width=220, persist_state="session")
        verdict = _choose("Verdict", list(Verdict), "history-verdict", 180, lambda each: VERDICT_TITLES[Verdict(each)])
        version = _choose("Model version", versions, "history-version", 150, str)
        kind = choose_from_list("Kind", list(_KINDS), "history-kind", width=190)
        opinion = _choose("Your finding", [AGREE, *CLASSES], "history-opinion", 150, _finding_title)
        order = choose_from_list("Sort by", list(_ORDERS), "history-order", width=260)
        first, last = _choose_day("Read from (UTC)", "history-from"), _choose_day("Until", "history-until")
    level, without_slices = _KINDS[kind or next(iter(_KINDS))]
    sort, descending = _ORDERS[order or next(iter(_ORDERS))]
    return SearchQuery(
        name=(name or "").strip(), verdict=verdict, version=version, opinion=opinion,
        level=level, without_slices=without_slices,
        read_from=first, read_until=None if last is None else last + timedelta(days=1),
        deleted=deleted, sort=sort, descending=descending, rows=ROWS,
    )  # fmt: skip


def _choose(title: str, options: list[Any], key: str, width: int, format_option: Any) -> str:
    choice = choose_from_list(
        title, [_ANY, *options], key, width=width, format_func=lambda each: format_option(each) if each else "Any"
    )
    return str(choice or _ANY)


def _finding_title(opinion: str) -> str:
    return "Agree" if opinion == AGREE else TumorClass(opinion).title


def _choose_day(title: str, key: str) -> datetime | None:
    """Return the start of a day in UTC; None if none was chosen."""
    check_url_value(title, key, is_day)
    day = st.date_input(title, None, key=key, width=140, format="YYYY-MM-DD", bind="query-params")
    return None if day is None else datetime.combine(day, time(), UTC)
