"""Session log: every prediction of the visit in one table, newest first, to search and to take along."""

import pandas as pd
import streamlit as st

from app_pages.components.shared.formatting import VERDICT_TITLES, pluralize
from app_pages.components.shared.page import show_header
from braintumor.enums import CLASSES, TumorClass, Verdict
from braintumor.reporting.csv_export import CsvRow, to_csv
from braintumor.reporting.labels import label_title
from braintumor.services import prediction_log

FAILED_TEXT = "Could not be read"


def show_log(rows: list[CsvRow]) -> None:
    """The search, the table of what it finds, and the way out as CSV."""
    sought = st.text_input(
        "Search", key="log-search", type="search", placeholder="File, verdict, class, version, finding or comment",
        width=420, persist_state="session",
    )  # fmt: skip
    lines = [(row, format_row(row)) for row in rows]
    found = [(row, line) for row, line in lines if matches_search(line, sought or "")]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        among = f"{len(found):,} of " if len(found) < len(rows) else ""
        st.markdown(f"**{among}{pluralize(len(rows), 'prediction')}**, newest first.", width="content")
        with st.container(horizontal=True, gap="small", width="content"):
            title = f"Download {pluralize(len(found), 'row')}" if among else "Download CSV"
            show_download([row for row, _ in found], title)
            show_clear(len(rows))
    if found:
        show_table(pd.DataFrame([line for _, line in found]))
    else:
        st.markdown("No row holds all of these words.")
    if gone := prediction_log.count_dropped():
        st.caption(
            f"A visit keeps its newest {prediction_log.MAX_ROWS:,} predictions. {pluralize(gone, 'older one')} made room: "
            "download and clear the log between batches as large as this."
        )


def format_row(row: CsvRow) -> dict[str, object]:
    """A row of the CSV as a reader sees it."""
    verdict, finding = row.get("verdict"), str(row.get("reader_finding") or "")
    # Of what is no brain MRI, no tumour was looked for; the CSV keeps the numbers all the same.
    looked = verdict != Verdict.NOT_BRAIN_MRI
    result, probability = (row.get(name) if looked else None for name in ("result", "tumor_probability"))
    return {
        "Time (UTC)": row["timestamp"],
        "File": row["name"],
        "Verdict": VERDICT_TITLES[Verdict(str(verdict))] if verdict else FAILED_TEXT,
        "Likeliest": label_title(str(result)) if result else None,
        "Tumour probability": probability,
        "Your finding": TumorClass(finding).title if finding in CLASSES else finding.capitalize() or None,
        "Comment": row.get("reader_comment") or None,
        "Version": row["model_version"],
        "Problem": row.get("error"),
    }


def matches_search(line: dict[str, object], query: str) -> bool:
    """Whether all words stand in the line, in any column and any order."""
    text = " ".join(str(value) for value in line.values() if value is not None).lower()
    return all(word in text for word in query.lower().split())


def show_table(table: pd.DataFrame) -> None:
    """Columns in which nothing stands are left out."""
    kept = table.dropna(axis="columns", how="all")
    kept["Time (UTC)"] = pd.to_datetime(kept["Time (UTC)"])
    bar = st.column_config.ProgressColumn(format="percent", min_value=0.0, max_value=1.0, color="primary")
    moment = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC")
    st.dataframe(
        kept, hide_index=True, key="log-table", column_config={"Tumour probability": bar, "Time (UTC)": moment},
        alt=f"{pluralize(len(kept), 'prediction')}, newest first; the download holds them all.",
    )  # fmt: skip


def show_download(rows: list[CsvRow], title: str) -> None:
    """The rows with all columns of the contract, put together only when asked for."""
    last = str(rows[0]["timestamp"])[:19].replace("-", "").replace(":", "") if rows else ""
    st.download_button(
        title, lambda: to_csv(rows).encode("utf-8"), f"braintumor-session-{last}Z.csv", "text/csv", on_click="ignore",
        icon=":material/download:", disabled=not rows, key="log-download",
    )  # fmt: skip


def show_clear(number: int) -> None:
    """Forgetting takes two steps, since it cannot be undone."""
    with st.popover("Clear"):
        st.markdown(f"Forget {pluralize(number, 'prediction')}? Download them first if they matter.")
        st.button("Clear the log", on_click=prediction_log.clear, key="log-clear")


show_header(
    "Session log",
    "Every prediction of this visit, from every page. It ends with the visit: nothing is kept on the server. Download "
    "what should stay.",
)
if rows := prediction_log.list_rows():
    show_log(rows)
else:
    st.markdown("Nothing has been read yet. What the Detection and Practice pages read appears here.")
    with st.container(horizontal=True):
        st.page_link("app_pages/detection.py", label="Read scans", icon=":material/image_search:")
        st.page_link("app_pages/practice.py", label="Practise", icon=":material/school:")
