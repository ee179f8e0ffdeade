"""The session log: one row a prediction, newest first, kept across pages, bounded, taken as the contract's CSV."""

import csv
import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from braintumor.enums import CLASSES, Verdict
from braintumor.inference import Detection
from braintumor.reporting.csv_export import COLUMNS, CsvRow, csv_row, error_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.services import prediction_log
from braintumor.settings import Settings
from tests.app.conftest import Open, words

NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


def detection(name: str, minute: int = 0, version: str = "v1", sha256: str = "") -> Detection:
    probabilities = dict(zip(CLASSES, (0.7, 0.1, 0.15, 0.05), strict=True))
    digest = sha256 or hashlib.sha256(name.encode()).hexdigest()
    return Detection(
        name=name, sha256=digest, timestamp=NOON + timedelta(minutes=minute),
        probabilities=probabilities, tumor_probability=0.85, verdict=Verdict.TUMOR_SUSPECTED, reason="So it is.",
        prediction_set=CLASSES[:1], ood_score=0.1, model_version=version, milliseconds={"total": 5.0},
    )  # fmt: skip


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A visit that has just begun."""
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def _names() -> list[object]:
    return [row["name"] for row in prediction_log.list_rows()]


def test_a_new_visit_has_an_empty_log(session: dict[str, object]) -> None:
    assert prediction_log.list_rows() == []
    assert prediction_log.count_dropped() == 0


def test_the_newest_comes_first(session: dict[str, object]) -> None:
    for minute, name in enumerate(("a.jpg", "b.jpg", "c.jpg")):
        prediction_log.record(detection(name, minute))
    assert _names() == ["c.jpg", "b.jpg", "a.jpg"]


def test_a_scan_read_again_is_one_row_and_the_newest(session: dict[str, object]) -> None:
    prediction_log.record(detection("a.jpg", 0))
    prediction_log.record(detection("b.jpg", 1))
    prediction_log.record(detection("a.jpg", 2))
    assert _names() == ["a.jpg", "b.jpg"]
    assert prediction_log.list_rows()[0]["timestamp"] == "2025-01-31T12:02:00.000Z"


def test_recording_on_every_rerun_moves_nothing(session: dict[str, object]) -> None:
    readings = [detection("a.jpg", 0), detection("b.jpg", 1)]
    for reading in readings:
        prediction_log.record(reading)
    prediction_log.record(readings[0])
    assert _names() == ["b.jpg", "a.jpg"]


def test_another_version_name_or_content_is_another_row(session: dict[str, object]) -> None:
    prediction_log.record(detection("a.jpg", sha256="1" * 64))
    prediction_log.record(detection("a.jpg", sha256="2" * 64))
    prediction_log.record(detection("b.jpg", sha256="1" * 64))
    prediction_log.record(detection("a.jpg", sha256="1" * 64, version="v4"))
    assert len(prediction_log.list_rows()) == 4


def test_a_finding_stays_until_another_is_given(session: dict[str, object]) -> None:
    prediction_log.record(detection("a.jpg"), ReaderFinding("glioma", "ring"))
    prediction_log.record(detection("a.jpg", 1))
    row = prediction_log.list_rows()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("glioma", "ring")
    prediction_log.record(detection("a.jpg", 1), ReaderFinding(""))
    row = prediction_log.list_rows()[0]
    assert (row["reader_finding"], row["reader_comment"]) == ("", "")


def test_a_file_that_could_not_be_read_is_in_the_log(session: dict[str, object]) -> None:
    prediction_log.record(error_row("cut.jpg", "cut.jpg: the file is damaged.", "v1"))
    assert prediction_log.list_rows()[0]["error"] == "cut.jpg: the file is damaged."


def test_an_empty_row_is_no_prediction(session: dict[str, object]) -> None:
    prediction_log.record({})
    assert prediction_log.list_rows() == []


def test_the_oldest_rows_make_room_and_are_counted(session: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "MAX_ROWS", 3)
    for minute in range(5):
        prediction_log.record(detection(f"{minute}.jpg", minute))
    assert _names() == ["4.jpg", "3.jpg", "2.jpg"]
    assert prediction_log.count_dropped() == 2


def test_what_a_page_does_to_a_row_changes_no_log(session: dict[str, object]) -> None:
    prediction_log.record(detection("a.jpg"))
    prediction_log.list_rows()[0]["name"] = "other"
    assert _names() == ["a.jpg"]


def test_clearing_forgets_everything(session: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_log, "MAX_ROWS", 1)
    prediction_log.record(detection("a.jpg", 0))
    prediction_log.record(detection("b.jpg", 1))
    prediction_log.clear()
    assert prediction_log.list_rows() == []
    assert prediction_log.count_dropped() == 0


@pytest.fixture
def page(empty: Settings, open_page: Open) -> Callable[..., AppTest]:
    """Opens the page on a log of some rows."""

    def open_(*rows: CsvRow) -> AppTest:
        app = open_page("summary")
        log: dict[object, CsvRow] = {(row["sha256"], row["name"], row["model_version"]): row for row in rows}
        app.session_state["session-log"] = log
        app.switch_page("app_pages/session_log.py").run()
        assert not app.exception
        return app

    return open_


READ = [csv_row(detection(name, minute)) for minute, name in enumerate(("first.jpg", "second.jpg", "third.jpg"))]
CUT = error_row("cut.jpg", "cut.jpg: the file is damaged.", "v1")


def test_an_empty_log_says_where_predictions_come_from(page: Callable[..., AppTest]) -> None:
    app = page()
    assert "Nothing has been read yet" in words(app)
    assert not app.dataframe


def test_the_table_is_newest_first_and_holds_what_failed(page: Callable[..., AppTest]) -> None:
    app = page(*READ, CUT)
    table = app.dataframe[0].value
    assert table["File"].tolist() == ["cut.jpg", "third.jpg", "second.jpg", "first.jpg"]
    assert table["Verdict"].tolist() == ["Could not be read", *["Tumour suspected"] * 3]
    assert "4 predictions" in words(app)


def test_a_search_finds_all_words_in_any_column(page: Callable[..., AppTest]) -> None:
    app = page(*READ, CUT, READ[0] | {"name": "tagged.jpg", "reader_finding": "pituitary", "reader_comment": "small"})
    for sought, found in {
        "SECOND": ["second.jpg"], "damaged": ["cut.jpg"], "small pituitary": ["tagged.jpg"], "(": [],
        "suspected v1 third": ["third.jpg"],
    }.items():  # fmt: skip
        app.text_input("log-search").set_value(sought).run()
        assert not app.exception
        assert (app.dataframe[0].value["File"].tolist() if app.dataframe else []) == found


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], bytes]]:
    """What makes each file that was offered for download, the newest last."""
    made: list[Callable[[], bytes]] = []
    add = MediaFileManager.add_deferred

    def keep(self, data, *args, **kwargs):  # type: ignore[no-untyped-def]
        made.append(data)
        return add(self, data, *args, **kwargs)

    monkeypatch.setattr(MediaFileManager, "add_deferred", keep)
    return made


def test_the_download_is_the_contracts_csv_of_what_was_found(
    page: Callable[..., AppTest], offered: list[Callable[[], bytes]]
) -> None:
    rows = [*READ, READ[0] | {"name": "=formula.jpg"}]
    app = page(*rows)
    content = offered[-1]().decode("utf-8")
    assert content.splitlines()[0] == ",".join(COLUMNS)
    assert [row["name"] for row in csv.DictReader(io.StringIO(content))] == [
        "'=formula.jpg", "third.jpg", "second.jpg", "first.jpg",
    ]  # fmt: skip
    app.text_input("log-search").set_value("third").run()
    assert [row["name"] for row in csv.DictReader(io.StringIO(offered[-1]().decode("utf-8")))] == ["third.jpg"]


def test_the_log_is_cleared_when_asked_to(page: Callable[..., AppTest]) -> None:
    app = page(*READ)
    app.button("log-clear").click().run()
    assert not app.exception
    assert "Nothing has been read yet" in words(app)


def test_an_overflow_is_said(page: Callable[..., AppTest]) -> None:
    app = page(*READ)
    app.session_state["session-log-lost"] = 12
    app.run()
    assert "12 older ones made room" in words(app)


def test_a_file_name_is_never_markup(page: Callable[..., AppTest]) -> None:
    app = page(READ[0] | {"name": "![x](http://example.org/p.png)<b>.jpg"})
    assert "example.org" not in words(app)


def test_of_what_is_no_brain_mri_no_class_and_no_probability_is_shown(page: Callable[..., AppTest]) -> None:
    refused = csv_row(replace(detection("cat.jpg", 9), verdict=Verdict.NOT_BRAIN_MRI))
    table = page(READ[0], refused).dataframe[0].value.set_index("File")
    assert table.loc["cat.jpg", ["Likeliest", "Tumour probability"]].isna().all()
    assert table.loc["first.jpg", "Tumour probability"] == 0.85
    assert refused["tumor_probability"] == 0.85, "the CSV keeps it"
