"""The reader's own finding on a scan: agreement or another class, and a comment; in memory for the session."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from app_pages.components.shared.session_state import FINDINGS_KEY
from braintumor.enums import CLASSES, TumorClass
from braintumor.reporting.findings import AGREE, NO_OPINION, ReaderFinding
from braintumor.services.reading_result import Reading

_MAX_COMMENT_LENGTH: Final = 1000

# By slice ID, then by the version whose result the finding is about, the latest last.
FindingsBySlice = dict[str, dict[str, ReaderFinding]]


def findings() -> FindingsBySlice:
    """Return all findings of this session."""
    by_slice: FindingsBySlice = st.session_state.setdefault(FINDINGS_KEY, {})
    return by_slice


def finding_for(reading: Reading, findings_by_slice: FindingsBySlice) -> ReaderFinding | None:
    """Return the finding on a reading; if there is none, the latest on the same slice with another version.

    A class or comment is about the image, so it applies to every version; agreement is about one version's result.
    """
    by_version = findings_by_slice.get(reading.id, {})
    if reading.version in by_version or not by_version:
        return by_version.get(reading.version)
    latest = list(by_version.values())[-1]
    return replace(latest, opinion=NO_OPINION) if latest.opinion == AGREE else latest


def drop_findings(slice_ids: Iterable[str]) -> None:
    """Delete the findings on these slices."""
    for slice_id in slice_ids:
        findings().pop(slice_id, None)


def edit_finding(reading: Reading) -> None:
    """Draw the controls for a finding and store it when it changes."""
    current = finding_for(reading, findings()) or ReaderFinding()
    edited = ask_finding(current, f"{reading.id}-{reading.version}")
    if edited != (current.opinion, current.comment):
        by_version = findings().setdefault(reading.id, {})
        by_version.pop(reading.version, None)
        by_version[reading.version] = ReaderFinding(*edited, datetime.now(UTC))


def ask_finding(current: ReaderFinding, key: str) -> tuple[str, str]:
    """Draw the controls for a finding and return its opinion and comment."""
    opinion = st.segmented_control(
        "Your finding", [AGREE, *CLASSES], default=current.opinion or None, key=f"opinion-{key}", wrap=True,
        format_func=lambda choice: "Agree" if choice == AGREE else TumorClass(choice).title,
    )  # fmt: skip
    comment = st.text_area(
        "Comment", current.comment, key=f"comment-{key}", max_chars=_MAX_COMMENT_LENGTH, height=68,
        placeholder="Included in the CSV and the report as written",
    )  # fmt: skip
    return opinion or NO_OPINION, (comment or "").strip()
