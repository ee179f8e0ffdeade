"""The session log: one row a prediction, newest first, kept across pages, bounded, taken as the contract's CSV."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st

from app_pages.components import session_log
from braintumor.inference import Detection
from braintumor.reporting.csv import error_row
from braintumor.vocabulary import CLASSES, Verdict

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    opinion: str
    comment: str = ""


def detection(name: str, minute: int = 0, version: str = "v1", sha256: str = "") -> Detection:
    probabilities = dict(zip(CLASSES, (0.7, 0.1, 0.15, 0.05), strict=True))
    return Detection(
        name=name, sha256=sha256 or f"{abs(hash(name)):064x}", timestamp=NOON + timedelta(minutes=minute),
        probabilities=probabilities, tumor_probability=0.85, verdict=Verdict.TUMOR_SUSPECTED, reason="So it is.",
        prediction_set=CLASSES[:1], novelty=0.1, model_version=version, milliseconds={"total": 5.0},
    )  # fmt: skip


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A visit that has just begun."""
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def _names() -> list[object]:
    return [row["name"] for row in session_log.entries()]


def test_a_new_visit_has_an_empty_log(session: dict[str, object]) -> None:
    assert session_log.entries() == []
    assert session_log.lost() == 0


def test_the_newest_comes_first(session: dict[str, object]) -> None:
    for minute, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        session_log.record(detection(name, minute))
    assert _names() == ["c.jpg", "b.jpg", "a.jpg"]


def test_a_scan_read_again_is_one_row_and_the_newest(session: dict[str, object]) -> None:
    session_log.record(detection("a.jpg", 0))
    session_log.record(detection("b.jpg", 1))
    session_log.record(detection("a.jpg", 2))
    assert _names() == ["a.jpg", "b.jpg"]
    assert session_log.entries()[0]["timestamp"] == "2025-01-31T12:02:00.000Z"


def test_recording_on_every_rerun_moves_nothing(session: dict[str, object]) -> None:
    readings = [detection("a.jpg", 0), detection("b.jpg", 1)]
    for reading in readings:
        session_log.record(reading)
    session_log.record(readings[0])
    assert _names() == ["b.jpg", "a.jpg"]


def test_another_version_name_or_content_is_another_row(session: dict[str, object]) -> None:
    session_log.record(detection("a.jpg", sha256="1" * 64))
    session_log.record(detection("a.jpg", sha256="2" * 64))
    session_log.record(detection("b.jpg", sha256="1" * 64))
    session_log.record(detection("a.jpg", sha256="1" * 64, version="v4"))
    assert len(session_log.entries()) == 4


def test_a_finding_stays_until_another_is_given(session: dict[str, object]) -> None:
    session_log.record(detection("a.jpg"), Finding("glioma", "ring"))
    session_log.record(detection("a.jpg", 1))
    row = session_log.entries()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("glioma", "ring")
    session_log.record(detection("a.jpg", 1), Finding(""))
    row = session_log.entries()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("", "")


def test_a_file_that_could_not_be_read_is_in_the_log(session: dict[str, object]) -> None:
    session_log.record(error_row("cut.jpg", "cut.jpg: the file is damaged.", "v1"))
    assert session_log.entries()[0]["error"] == "cut.jpg: the file is damaged."


def test_the_oldest_rows_make_room_and_are_counted(session: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "LIMIT", 3)
    for minute in range(5):
        session_log.record(detection(f"{minute}.jpg", minute))
    assert _names() == ["4.jpg", "3.jpg", "2.jpg"]
    assert session_log.lost() == 2


def test_what_a_page_does_to_a_row_changes_no_log(session: dict[str, object]) -> None:
    session_log.record(detection("a.jpg"))
    session_log.entries()[0]["name"] = "other"
    assert _names() == ["a.jpg"]


def test_clearing_forgets_everything(session: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_log, "LIMIT", 1)
    session_log.record(detection("a.jpg", 0))
    session_log.record(detection("b.jpg", 1))
    session_log.clear()
    assert session_log.entries() == []
    assert session_log.lost() == 0
