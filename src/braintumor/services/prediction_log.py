"""Session log: every prediction of the visit, in memory until it ends; lasting storage may take its place."""

from typing import Final

import streamlit as st

from braintumor.inference import Detection
from braintumor.reporting.csv_export import CsvRow, csv_row
from braintumor.reporting.findings import ReaderFinding

# Some megabytes at most: a row is a few hundred bytes.
MAX_ROWS: Final = 5_000
_LOG_KEY: Final = "session-log"
_LOST_KEY: Final = "session-log-lost"
_FINDING_COLUMNS: Final = ("reader_finding", "reader_comment")

RowKey = tuple[object, object, object]


def record(detection_or_row: Detection | CsvRow, finding: ReaderFinding | None = None) -> None:
    """Take one prediction in.

    The same content, name and version make one row, the newest; a finding stays with it until another is given. A row
    recorded twice as it is keeps its place, so a page may record on every rerun.

    Parameters
    ----------
    detection_or_row : Detection or row of the CSV
        Rows of `csv_row` and `error_row` both fit: a file that could not be read is in the log too. An empty
        row is no prediction.
    finding : ReaderFinding, optional
        The reader's own finding; None says nothing of it.
    """
    if not detection_or_row:
        return
    row = csv_row(detection_or_row) if isinstance(detection_or_row, Detection) else dict(detection_or_row)
    if finding is not None:
        row |= dict(zip(_FINDING_COLUMNS, (finding.opinion, finding.comment), strict=True))
    log, key = _get_log(), _row_key(row)
    if before := log.get(key):
        row |= {column: before.get(column) for column in _FINDING_COLUMNS if row.get(column) is None}
        if before.get("timestamp") != row.get("timestamp"):
            del log[key]
    log[key] = row
    while len(log) > MAX_ROWS:
        del log[next(iter(log))]
        st.session_state[_LOST_KEY] = count_dropped() + 1


def list_rows() -> list[CsvRow]:
    """Rows of the log, the newest first, with the columns of the CSV."""
    return [dict(row) for row in reversed(_get_log().values())]


def count_dropped() -> int:
    """How many of the oldest rows had to make room."""
    return int(st.session_state.get(_LOST_KEY, 0))


def clear() -> None:
    """Forget everything."""
    for key in (_LOG_KEY, _LOST_KEY):
        st.session_state.pop(key, None)


def _get_log() -> dict[RowKey, CsvRow]:
    if _LOG_KEY not in st.session_state:
        st.session_state[_LOG_KEY] = {}
    log: dict[RowKey, CsvRow] = st.session_state[_LOG_KEY]
    return log


def _row_key(row: CsvRow) -> RowKey:
    return row.get("sha256"), row.get("name"), row.get("model_version")
