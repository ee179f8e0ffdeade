"""Session log: every prediction of the visit, in memory until it ends; lasting storage may take its place."""

from typing import Final

import streamlit as st

from braintumor.inference import Detection
from braintumor.reporting.csv import Row, csv_row
from braintumor.reporting.opinion import ReaderFinding

# Some megabytes at most: a row is a few hundred bytes.
LIMIT: Final = 5_000
_KEY: Final = "session-log"
_LOST: Final = "session-log-lost"
_OPINION: Final = ("reader_finding", "reader_comment")

Key = tuple[object, object, object]


def record(detection_or_row: Detection | Row, finding: ReaderFinding | None = None) -> None:
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
        row |= dict(zip(_OPINION, (finding.opinion, finding.comment), strict=True))
    log, key = _log(), _key(row)
    if before := log.get(key):
        row |= {column: before.get(column) for column in _OPINION if row.get(column) is None}
        if before.get("timestamp") != row.get("timestamp"):
            del log[key]
    log[key] = row
    while len(log) > LIMIT:
        del log[next(iter(log))]
        st.session_state[_LOST] = lost() + 1


def entries() -> list[Row]:
    """Rows of the log, the newest first, with the columns of the CSV."""
    return [dict(row) for row in reversed(_log().values())]


def lost() -> int:
    """How many of the oldest rows had to make room."""
    return int(st.session_state.get(_LOST, 0))


def clear() -> None:
    """Forget everything."""
    for key in (_KEY, _LOST):
        st.session_state.pop(key, None)


def _log() -> dict[Key, Row]:
    if _KEY not in st.session_state:
        st.session_state[_KEY] = {}
    log: dict[Key, Row] = st.session_state[_KEY]
    return log


def _key(row: Row) -> Key:
    return row.get("sha256"), row.get("name"), row.get("model_version")
