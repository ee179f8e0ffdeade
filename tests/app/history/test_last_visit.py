"""The last visit is restored from the history: readings, findings, and no record twice."""

from pathlib import Path

import pytest

from app_pages.components.detection.saving import SAVER_KEY
from braintumor.db.search import SearchQuery, search
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import csv_rows, opinion_control, reading_session, upload, viewer_data
from tests.helpers.apptest.history import read_and_save, switch_on, use_data


@pytest.fixture
def data(tmp_path: Path, artifacts: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_data(tmp_path / "data", monkeypatch)
    return tmp_path / "data"


def test_readings_and_findings_of_the_last_visit_are_restored(data: Path, open_page: Open, scans: list[Upload]) -> None:
    storage, actor = switch_on()
    app = read_and_save(open_page, scans[:2])
    app.text_area[0].set_value("Seen by two").run()
    opinion_control(app).set_value("agree").run()
    app.session_state[SAVER_KEY].wait()
    commented, rows = viewer_data(app)["scan"]["name"], csv_rows(app)
    before = search(storage, actor, SearchQuery()).records

    app = open_page("detection")
    app.button(key="restore-visit").click().run()
    assert not app.exception
    assert {row["name"]: row["reader_comment"] for row in csv_rows(app)} == {
        row["name"]: row["reader_comment"] for row in rows
    }
    assert viewer_data(app)["scan"]["name"] == commented
    assert viewer_data(app)["scan"]["panels"][0]["evidence"]["data"]
    assert app.text_area[0].value == "Seen by two"
    app.session_state[SAVER_KEY].wait()
    assert "2 readings saved" in words(app)
    assert search(storage, actor, SearchQuery()).records == before
    app.button(key="start-over").click().run()
    assert reading_session(app).readings() == []


def test_nothing_is_offered_without_a_history(data: Path, open_page: Open, scans: list[Upload]) -> None:
    upload(open_page, scans[:1])
    assert not [button for button in open_page("detection").button if button.key == "restore-visit"]
    assert not data.exists()
