"""The reader's own finding on a scan: agree, another class, a comment; kept for the visit with the scan."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components.detection.readings import Reading
from braintumor.enums import CLASSES, TumorClass
from braintumor.reporting.findings import AGREE, NO_OPINION, ReaderFinding

_FINDINGS_KEY: Final = "reading-opinions"
_MAX_COMMENT_LENGTH: Final = 1000

# By the id of the slice, then by the version whose answer it was said of; what was said last stands last.
FindingsBySlice = dict[str, dict[str, ReaderFinding]]


def findings() -> FindingsBySlice:
    """All findings of this visit."""
    found: FindingsBySlice = st.session_state.setdefault(_FINDINGS_KEY, {})
    return found


def finding_for(reading: Reading, findings_by_slice: FindingsBySlice) -> ReaderFinding | None:
    """What the reader said of a reading; where nothing yet, of the same slice read by another version.

    What was seen holds whichever version reads. Agreement is with one version's answer, and with no other's.
    """
    said = findings_by_slice.get(reading.id, {})
    if reading.version in said or not said:
        return said.get(reading.version)
    last = list(said.values())[-1]
    return replace(last, opinion=NO_OPINION) if last.opinion == AGREE else last


def drop_findings(slice_ids: Iterable[str]) -> None:
    """Drop what was said of slices, by their ids."""
    for one in slice_ids:
        findings().pop(one, None)


def edit_finding(reading: Reading) -> None:
    """Let the reader say what is seen, and keep it where anything was said."""
    said = finding_for(reading, findings()) or ReaderFinding()
    opinion = st.segmented_control(
        "Your finding", [AGREE, *CLASSES], default=said.opinion or None, key=f"opinion-{reading.id}-{reading.version}",
        format_func=lambda choice: "Agree" if choice == AGREE else TumorClass(choice).title, wrap=True,
    )  # fmt: skip
    comment = st.text_area(
        "Comment", said.comment, key=f"comment-{reading.id}-{reading.version}", max_chars=_MAX_COMMENT_LENGTH, height=68,
        placeholder="Goes into the CSV and the report as you write it",
    )  # fmt: skip
    now = (opinion or NO_OPINION, (comment or "").strip())
    if now != (said.opinion, said.comment):
        of_slice = findings().setdefault(reading.id, {})
        of_slice.pop(reading.version, None)
        of_slice[reading.version] = ReaderFinding(*now, datetime.now(UTC))
