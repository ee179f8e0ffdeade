"""One page of the history: its rows, their selection, and what to do with the selected ones."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import streamlit as st

from app_pages.components.shared.colors import VERDICT_TONES
from app_pages.components.shared.formatting import VERDICT_TITLES, pluralize
from app_pages.components.shared.storage import Records, log_access_once, session_value
from braintumor.db.deletion import delete_scans, purge_scans, restore_scans
from braintumor.db.search import Page, Record, SearchQuery, search
from braintumor.db.tables.records import STUDY
from braintumor.enums import TumorClass, Verdict
from braintumor.errors import BrainTumorError
from braintumor.reporting.findings import AGREE
from braintumor.reporting.labels import to_printable
from braintumor.text import format_score

PAGE_PATH: Final = "app_pages/history.py"
_CURSORS_KEY: Final = "history-cursors"
_MESSAGE_KEY: Final = "history-message"


def read_page(records: Records, query: SearchQuery) -> Page:
    """Return the page of the search that the visitor turned to; a new search starts on its first page."""
    asked, cursors = session_value(_CURSORS_KEY, (query, [""]))
    if asked != query:
        cursors = [""]
    page = search(records.storage, records.actor, replace(query, after=cursors[-1]))
    if not page.records and len(cursors) > 1:  # all of this page were deleted
        cursors = [""]
        page = search(records.storage, records.actor, query)
    st.session_state[_CURSORS_KEY] = query, cursors
    log_rows_shown(records, page.records)
    return page


def log_rows_shown(records: Records, rows: Sequence[Record]) -> None:
    """Write to the audit log that rows of the history were shown."""
    shown = tuple(row.reading_id for row in rows)
    log_access_once(records.storage, records.actor, "history.listed", shown, records=len(rows))


def show_paging(page: Page) -> None:
    """Draw the buttons to turn the pages."""
    _, cursors = st.session_state[_CURSORS_KEY]
    if len(cursors) < 2 and not page.next:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="history-paging"):
        st.button(
            "Previous", on_click=cursors.pop, disabled=len(cursors) < 2, icon=":material/chevron_left:", key="previous"
        )
        st.caption(f"Page {len(cursors):,}", width="content")
        st.button(
            "Next", on_click=cursors.append, args=(page.next,), disabled=not page.next,
            icon=":material/chevron_right:", key="next",
        )  # fmt: skip


def show_rows(page: Page) -> list[Record]:
    """Draw the rows of a page and return the selected ones."""
    st.checkbox("Select all on this page", key="select-all", on_change=_select_all, args=(page.records,))
    return [record for number, record in enumerate(page.records) if _show_row(record, number)]


def show_links(records: Sequence[Record]) -> None:
    """Draw rows that cannot be selected."""
    for number, record in enumerate(records):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"link-{number}"):
            _show_name(record)
            _show_result(record)


def _show_row(record: Record, number: int) -> bool:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"record-{number}"):
        label = f"Select {escape_markdown(to_printable(record.name))}"
        is_selected = st.checkbox(label, key=_select_key(record), label_visibility="collapsed")
        _show_name(record)
        _show_result(record)
    return is_selected


def _show_name(record: Record) -> None:
    name = to_printable(record.name)
    with st.container(width="stretch", gap=None):
        if record.deleted_at is None:
            # No page link: from History to itself, it would show the record without its address.
            key = f"open-{record.reading_id}"
            if st.button(escape_markdown(name), type="tertiary", key=key):
                st.switch_page(PAGE_PATH, query_params={"record": str(record.reading_id)})
        else:
            st.text(name)


def _show_result(record: Record) -> None:
    st.markdown(verdict_text(record), width=250)
    st.caption("  \n".join(_details(record)), width=330)


def verdict_text(record: Record) -> str:
    """Return the verdict in its colour, with the tumour score, as Markdown."""
    verdict = Verdict(record.verdict)
    score = "" if not verdict.has_result else f" {format_score(record.tumor_probability)}"
    return f":{VERDICT_TONES[verdict]}[**{VERDICT_TITLES[verdict]}**]{score}"


def _details(record: Record) -> list[str]:
    kind = "Study, " if record.level == STUDY else ""
    lines = [f"{kind}{record.read_at:%Y-%m-%d %H:%M} UTC, model {record.version}"]
    if record.opinion or record.comment:
        finding = finding_text(record.opinion)
        lines.append(f"Your finding: {finding}{', with a comment' if record.comment else ''}")
    if not record.has_scan and record.level != STUDY:
        lines.append("Only the results are stored")
    if record.deleted_at is not None:
        lines.append(f"Deleted {record.deleted_at:%Y-%m-%d %H:%M} UTC")
    return lines


def finding_text(opinion: str) -> str:
    """Return the reader's opinion for a sentence."""
    if not opinion:
        return "no class"
    return "agrees with the model" if opinion == AGREE else TumorClass(opinion).title.lower()


def show_actions(records: Records, selected: Sequence[Record], *, deleted: bool) -> None:
    """Draw the buttons for the selected records, and the result of the last one."""
    if message := st.session_state.pop(_MESSAGE_KEY, ""):
        st.info(message)
    ids, days = [record.scan_id for record in selected], records.storage.settings.restore_days
    count = pluralize(len(set(ids)), "scan")
    with st.container(horizontal=True, vertical_alignment="center", key="history-actions"):
        if not deleted:
            with st.popover("Delete selected", icon=":material/delete:", disabled=not ids):
                after = f"They can be restored for {pluralize(days, 'day')}." if days else "This cannot be undone."
                slices = " Studies are deleted with their slices." if _has_study(selected) else ""
                st.markdown(f"Delete {count} with all their readings?{slices} {after}")
                _show_button(f"Delete {count}", "delete", delete_scans, records, ids)
            return
        _show_button("Restore selected", "restore", restore_scans, records, ids)
        with st.popover("Delete for good", icon=":material/delete_forever:", disabled=not ids):
            slices = " Studies are deleted with their slices." if _has_study(selected) else ""
            st.markdown(f"Delete {count} for good?{slices} This cannot be undone.")
            _show_button(f"Delete {count} for good", "purge", purge_scans, records, ids)


def _has_study(selected: Sequence[Record]) -> bool:
    return any(record.level == STUDY for record in selected)


def _show_button(label: str, key: str, act: Callable[..., Any], records: Records, ids: list[UUID]) -> None:
    st.button(label, on_click=_act, args=(act, records, ids), disabled=not ids, key=f"history-{key}")


def _act(act: Callable[..., Any], records: Records, ids: list[UUID]) -> None:
    """Do something with scans; the page then reloads the list, or shows why it failed."""
    try:
        act(records.storage, records.actor, ids)
    except BrainTumorError as error:
        st.session_state[_MESSAGE_KEY] = str(error)
    st.session_state["select-all"] = False


def _select_all(records: Sequence[Record]) -> None:
    for record in records:
        st.session_state[_select_key(record)] = st.session_state["select-all"]


def _select_key(record: Record) -> str:
    return f"select-{record.reading_id}"


def escape_markdown(text: str) -> str:
    """Show a file name as it is in a label, which Streamlit reads as Markdown."""
    return "".join(f"\\{each}" if each.isascii() and not each.isalnum() and each != " " else each for each in text)
