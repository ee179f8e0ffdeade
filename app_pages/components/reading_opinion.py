"""The reader's own finding on a scan: agree, another class, a comment; kept for the visit with the scan."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components.readings import Reading
from braintumor.reporting.opinion import AGREE, NO_OPINION, ReaderFinding
from braintumor.vocabulary import CLASSES, TumorClass

_KEY: Final = "reading-opinions"
_LONGEST: Final = 1000

Opinions = dict[str, ReaderFinding]


def opinions() -> Opinions:
    """All findings of this visit, by the id of the slice."""
    found: Opinions = st.session_state.setdefault(_KEY, {})
    return found


def forget_others(readings: list[Reading]) -> None:
    """Drop what was said of scans that are no longer there."""
    present = {reading.id for reading in readings}
    for key in opinions().keys() - present:
        del opinions()[key]


def ask(reading: Reading) -> ReaderFinding | None:
    """Let the reader say what is seen; gives it where anything was said."""
    said = opinions().get(reading.id, ReaderFinding())
    opinion = st.segmented_control(
        "Your finding", [AGREE, *CLASSES], default=said.opinion or None, key=f"opinion-{reading.id}",
        format_func=lambda choice: "Agree" if choice == AGREE else TumorClass(choice).title, wrap=True,
    )  # fmt: skip
    comment = st.text_area(
        "Comment", said.comment, key=f"comment-{reading.id}", max_chars=_LONGEST, height=68,
        placeholder="Goes into the CSV and the report as you write it",
    )  # fmt: skip
    now = (opinion or NO_OPINION, (comment or "").strip())
    if now != (said.opinion, said.comment):
        opinions()[reading.id] = ReaderFinding(*now, datetime.now(UTC))
    return opinions().get(reading.id)
