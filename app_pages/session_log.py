"""Session log page: every prediction of the session in one table, newest first, with search and download."""

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import VERDICT_TITLES, pluralize
from app_pages.components.shared.page import show_header
from app_pages.components.shared.session_state import current_prediction_log
from app_pages.components.shared.tables import without_formulas
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.reporting.csv_export import CsvRow, to_csv_bytes
from braintumor.reporting.labels import label_title
from braintumor.reporting.xlsx_export import XLSX_MIME, to_xlsx
from braintumor.services.prediction_log import PredictionLog
from braintumor.text import UNREADABLE_TITLE


def show_log(log: PredictionLog, rows: list[CsvRow]) -> None:
    """Draw the search, the table of matching rows and the download."""
    query = st.text_input(
        "Search", key="log-search", type="search", placeholder="File, verdict, class, version, finding or comment",
        width=420, persist_state="session",
    )  # fmt: skip
    lines = [(row, format_row(row)) for row in rows]
    matches = [(row, line) for row, line in lines if matches_search(line, query or "")]
    is_filtered = len(matches) < len(rows)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        count = f"{len(matches):,} of " if is_filtered else ""
        st.markdown(f"**{count}{pluralize(len(rows), 'prediction')}**, newest first.", width="content")
        with st.container(horizontal=True, gap="small", width="content"):
            title = f"Download {pluralize(len(matches), 'row')}" if is_filtered else "Download CSV"
            show_download([row for row, _ in matches], title)
            show_clear(log, len(rows))
    if matches:
        show_table(pd.DataFrame([line for _, line in matches]))
    else:
        st.markdown("No row contains all of these words.")
    if dropped := log.count_dropped():
        st.caption(
            f"The log keeps the {len(rows):,} newest predictions; {pluralize(dropped, 'older prediction')} "
            f"{'was' if dropped == 1 else 'were'} dropped. Download and clear the log between large batches."
        )


def format_row(row: CsvRow) -> dict[str, object]:
    """Return a row of the CSV as a line of the table."""
    verdict, finding = row.get("verdict"), str(row.get("reader_finding") or "")
    # Without a result, as for an image that is not a brain MRI, the CSV contains the numbers nevertheless.
    has_result = bool(verdict) and Verdict(str(verdict)).has_result
    result, probability = (row.get(name) if has_result else None for name in ("result", "tumor_probability"))
    return {
        "Time (UTC)": row["timestamp"],
        "File": row["name"],
        "Verdict": VERDICT_TITLES[Verdict(str(verdict))] if verdict else UNREADABLE_TITLE,
        "Most likely class": label_title(str(result)) if result else None,
        "Tumour probability": probability,
        "Your finding": TumorClass(finding).title if finding in CLASSES else finding.capitalize() or None,
        "Comment": row.get("reader_comment") or None,
        "Version": row["model_version"],
        "Error": row.get("error"),
    }


def matches_search(line: dict[str, object], query: str) -> bool:
    """Whether a line contains all words of the query, in any column and order."""
    text = " ".join(str(value) for value in line.values() if value is not None).lower()
    return all(word in text for word in query.lower().split())


def show_table(table: pd.DataFrame) -> None:
    """Draw the table without empty columns."""
    shown = without_formulas(table.dropna(axis="columns", how="all"))
    shown["Time (UTC)"] = pd.to_datetime(shown["Time (UTC)"])
    probability = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    time = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC")
    st.dataframe(
        shown, hide_index=True, key="log-table", column_config={"Tumour probability": probability, "Time (UTC)": time},
        alt=f"{pluralize(len(shown), 'prediction')}, newest first; the download contains all of them.",
    )  # fmt: skip


def show_download(rows: list[CsvRow], title: str) -> None:
    """Draw the buttons that download rows with all CSV columns; the file is created when one is pressed."""
    latest = str(rows[0]["timestamp"])[:19].replace("-", "").replace(":", "") if rows else ""
    name, icon, disabled = f"braintumor-session-{latest}Z", ":material/download:", not rows
    st.download_button(
        title, lambda: to_csv_bytes(rows, with_bom=True), f"{name}.csv", "text/csv", on_click="ignore", icon=icon,
        disabled=disabled, key="log-download",
    )  # fmt: skip
    st.download_button(
        "Excel", lambda: to_xlsx(rows), f"{name}.xlsx", XLSX_MIME, on_click="ignore", icon=icon, disabled=disabled,
        key="log-download-xlsx", help="The same rows as a workbook, which opens in columns whatever the language.",
    )  # fmt: skip


def show_clear(log: PredictionLog, count: int) -> None:
    """Draw the button that clears the log, with a confirmation, since it cannot be undone."""
    with st.popover("Clear"):
        st.markdown(f"Delete {pluralize(count, 'prediction')}? This cannot be undone.")
        st.button("Clear the log", on_click=log.clear, key="log-clear")


show_header(
    "Session log",
    "Every prediction of this session, from every page. The log itself is never stored and is deleted when the session "
    "ends. Download what you need.",
)
current_log = current_prediction_log()
if logged_rows := current_log.list_rows():
    show_log(current_log, logged_rows)
else:
    st.markdown("No predictions yet. Predictions of the Detection and Practice pages appear here.")
    with st.container(horizontal=True):
        st.page_link("app_pages/detection.py", label="Read scans", icon=":material/image_search:")
        st.page_link("app_pages/practice.py", label="Practise", icon=":material/school:")
