"""Nothing is stored before history is switched on; readings are saved from then on, and all can be deleted."""

from pathlib import Path

import pytest
import streamlit as st

from app_pages.components.detection.saving import SAVER_KEY
from app_pages.components.shared import storage as shared
from braintumor.db.search import SearchQuery, search
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.accounts import audit_actions
from tests.helpers.apptest.detection import BROKEN, opinion_control, upload
from tests.helpers.apptest.history import read_and_save, switch_on, use_data

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def data(tmp_path: Path, artifacts: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_data(tmp_path / "data", monkeypatch)
    return tmp_path / "data"


def test_nothing_is_written_before_history_is_on(data: Path, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans[:1])
    assert "These readings are not stored." in words(app)
    for page in ("history", "dashboard"):
        assert not open_page(page).exception
    assert SAVER_KEY not in app.session_state
    assert not data.exists()


def test_button_switches_history_on_and_off(data: Path, open_page: Open) -> None:
    app = open_page("history")
    assert str(data) in words(app)
    app.button("history-on").click().run()
    assert "History is off" not in words(app)
    assert "No records yet" in words(app)
    app.button("history-off").click().run()
    assert "History is off" in words(app)
    assert not app.exception


def test_readings_and_findings_are_saved(data: Path, open_page: Open, scans: list[Upload]) -> None:
    storage, actor = switch_on()
    app = read_and_save(open_page, [*scans[:2], BROKEN])
    assert f"2 readings saved in {data}." in words(app)
    assert {record.name for record in search(storage, actor, SearchQuery()).records} == {"glioma.png", "meningioma.png"}
    opinion_control(app).set_value("agree").run()
    app.session_state[SAVER_KEY].wait()
    opinions = [record.opinion for record in search(storage, actor, SearchQuery()).records]
    assert sorted(opinions) == ["", "agree"]


def test_download_of_kept_readings_is_noted_when_it_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = shared.Records(*switch_on(), is_saving=True)
    monkeypatch.setattr(shared, "may_keep_records", lambda: True)
    monkeypatch.setattr(shared, "find_records", lambda: records)
    make = shared.log_export(lambda: b"report", "pdf")
    assert audit_actions(records.storage) == ["history.on"]
    assert callable(make)
    assert make() == b"report"
    assert audit_actions(records.storage) == ["history.on", "readings.exported"]


def test_all_records_are_deleted_after_confirmation(data: Path, open_page: Open, scans: list[Upload]) -> None:
    storage, actor = switch_on()
    read_and_save(open_page, scans[:2])
    app = open_page("history")
    assert "2 stored scans" in words(app)
    assert app.button("delete-all").disabled
    app.checkbox("delete-all-sure").check().run()
    app.button("delete-all").click().run()
    assert "No records yet" in words(app)
    assert search(storage, actor, SearchQuery(deleted=True)).records == []
    assert [file for file in (data / "blobs").rglob("*") if file.is_file()] == []


def test_storage_that_cannot_be_used_is_a_sentence(data: Path, open_page: Open, scans: list[Upload]) -> None:
    data.mkdir()
    (data / "braintumor.sqlite").write_bytes(b"no database" * 100)
    for page in ("history", "dashboard"):
        app = open_page(page)
        assert not app.exception
        assert "database" in words(app)
    app = upload(open_page, scans[:1])
    assert "Not saved." in words(app)


@pytest.mark.parametrize(
    ("headers", "address", "is_allowed"),
    [
        ({"Host": "localhost:8501"}, None, True),
        ({"Host": "[::1]:8501"}, None, True),
        ({"Host": "scans.example.org"}, None, False),
        ({"Host": "localhost:8501"}, "192.0.2.7", False),
        ({"Host": "localhost:8501", "X-Forwarded-For": "192.0.2.7"}, None, False),
    ],
)
def test_history_without_accounts_is_for_this_computer_only(
    headers: dict[str, str], address: str | None, is_allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Context:
        pass

    context = Context()
    context.headers = headers  # type: ignore[attr-defined]
    monkeypatch.setattr(st, "context", context)
    monkeypatch.setattr(shared, "_read_address", lambda: address)
    assert shared.may_keep_records() is is_allowed
