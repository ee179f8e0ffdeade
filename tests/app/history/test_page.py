"""The History page lists, searches, opens, compares, deletes and restores the records of the visitor."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from app_pages.components.history.search_form import ROWS
from braintumor.db.search import Record, SearchQuery, list_readings, search
from braintumor.db.storage import Actor, Storage, open_storage
from braintumor.db.tables import AuditEntry
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, use, words
from tests.helpers.accounts import audit_actions
from tests.helpers.apptest.detection import add_second_version, opinion_control, viewer_data
from tests.helpers.apptest.history import log_in, read_and_save, use_data
from tests.helpers.storage.readings import FIRST_TIME, insert_readings


def _links(app: AppTest) -> list[str]:
    return [button.label.replace("\\", "") for button in app.button if str(button.key).startswith("open-")]


def _records(kept: tuple[Storage, Actor]) -> dict[str, Record]:
    return {record.name: record for record in search(*kept, SearchQuery()).records}


def _open(open_page: Open, record: Record) -> AppTest:
    app = open_page("history", record=str(record.reading_id))
    assert not app.exception
    return app


def _count_seen(storage: Storage) -> int:
    seen = AuditEntry.action.in_(("reading.seen", "scan.seen"))
    with storage.database.read() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry).where(seen)) or 0


def test_search_finds_by_name_verdict_model_finding_and_date(kept: tuple[Storage, Actor], open_page: Open) -> None:
    rows = [
        {"name": "first.png", "verdict": "tumor suspected", "tumor_probability": 0.9, "uncertainty": 0.2},
        {"name": "second.png", "version": "v5", "read_at": FIRST_TIME.replace(month=3)},
        {"name": "third.png", "opinion": "agree", "uncertainty": 0.7},
    ]
    insert_readings(*kept, rows)
    app = open_page("history")
    assert set(_links(app)) == {"first.png", "second.png", "third.png"}
    app.run()
    assert audit_actions(kept[0]).count("history.listed") == 1
    for key, value, expected in (
        ("history-verdict", "tumor suspected", "first.png"),
        ("history-version", "v5", "second.png"),
        ("history-opinion", "agree", "third.png"),
    ):
        app.selectbox(key).set_value(value).run()
        assert _links(app) == [expected]
        app.selectbox(key).set_value("").run()
    app.text_input("history-name").set_value("SECOND").run()
    assert _links(app) == ["second.png"]
    app.text_input("history-name").set_value("").run()
    app.date_input("history-from").set_value(FIRST_TIME.replace(month=2).date()).run()
    assert _links(app) == ["second.png"]
    app.date_input("history-until").set_value(FIRST_TIME.replace(month=2).date()).run()
    assert "No record matches this search." in words(app)
    popovers = [each.proto.popover for each in app.get("popover")]
    assert [each.disabled for each in popovers if each.label == "Download"] == [True]
    app.date_input("history-from").set_value(None).run()
    app.date_input("history-until").set_value(None).run()
    app.selectbox("history-order").set_value("Most uncertain first").run()
    assert _links(app)[0] == "third.png"


def test_every_record_is_on_one_page(kept: tuple[Storage, Actor], open_page: Open) -> None:
    insert_readings(*kept, [{"name": f"{number:03d}.png"} for number in range(ROWS + 3)])
    app = open_page("history")
    first = _links(app)
    app.button("next").click().run()
    second = _links(app)
    assert (len(first), len(second)) == (ROWS, 3)
    assert len({*first, *second}) == ROWS + 3
    app.button("previous").click().run()
    assert _links(app) == first
    assert app.button("previous").disabled


def test_record_opens_in_the_viewer_once(kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload]) -> None:
    detection = read_and_save(open_page, scans[:1])
    before = viewer_data(detection)
    app = _open(open_page, _records(kept)["glioma.png"])
    after = viewer_data(app)
    assert after["scan"]["base"] == before["scan"]["base"]
    assert after["scan"]["panels"] == before["scan"]["panels"]
    assert not after["scan"]["can_edit"]
    assert {element.value for element in detection.header} <= {element.value for element in app.header}
    seen = _count_seen(kept[0])
    app.run()
    app.run()
    assert (_count_seen(kept[0]), seen) == (2, 2)


def test_finding_is_changed_on_the_record(kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload]) -> None:
    read_and_save(open_page, scans[:1])
    app = _open(open_page, _records(kept)["glioma.png"])
    opinion_control(app).set_value("meningioma").run()
    app.text_area[0].set_value("=cmd|' /C calc'!A0").run()
    record = _records(kept)["glioma.png"]
    assert (record.opinion, record.comment) == ("meningioma", "=cmd|' /C calc'!A0")


def test_another_version_reads_the_scan_and_both_are_shown(
    kept: tuple[Storage, Actor], artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    read_and_save(open_page, scans[:1])
    add_second_version(artifacts)
    record = _records(kept)["glioma.png"]
    app = _open(open_page, record)
    app.selectbox(f"compare-{record.reading_id}").set_value("v2").run()
    assert not app.exception
    assert [panel["version"] for panel in viewer_data(app)["scan"]["panels"]] == ["v1", "v2"]
    assert {each.version for each in list_readings(*kept, record.scan_id)} == {"v1", "v2"}
    app.run()
    assert len(list_readings(*kept, record.scan_id)) == 2


def test_record_of_a_version_that_is_gone_is_shown_without_overlays(
    kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_and_save(open_page, scans[:1])
    use(tmp_path / "inputs", tmp_path / "elsewhere", monkeypatch)
    app = _open(open_page, _records(kept)["glioma.png"])
    assert "overlays cannot be drawn" in "".join(info.value for info in app.info)
    assert viewer_data(app)["scan"]["panels"] == []
    assert "tumour score" in words(app)


def test_selected_records_are_deleted_and_restored(
    kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload]
) -> None:
    read_and_save(open_page, scans[:3])
    app = open_page("history")
    app.checkbox("select-all").check().run()
    app.button("history-delete").click().run()
    assert "No records yet" in words(app)
    app.segmented_control("history-shown").set_value("Deleted").run()
    app.checkbox("select-all").check().run()
    app.button("history-restore").click().run()
    assert "Nothing was deleted" in words(app)
    assert len(_records(kept)) == 3


def test_one_record_is_deleted_and_its_link_ends(
    kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload]
) -> None:
    read_and_save(open_page, scans[:2])
    record = _records(kept)["glioma.png"]
    app = _open(open_page, record)
    app.button("record-delete").click().run()
    assert not app.exception
    assert set(_records(kept)) == {"meningioma.png"}
    assert "Record not found." in words(_open(open_page, record))


def test_links_of_others_and_broken_links_are_not_found(
    tmp_path: Path, artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_data(tmp_path / "data", monkeypatch, accounts=True)
    storage = open_storage()
    ada = log_in(storage, monkeypatch)
    read_and_save(open_page, scans[:1])
    record = search(storage, ada, SearchQuery()).records[0]
    assert "Record not found." not in words(_open(open_page, record))
    log_in(storage, monkeypatch)
    assert "No records yet" in words(open_page("history"))
    absent = words(open_page("history", record=str(UUID(int=5))))
    assert "Record not found." in absent
    assert words(_open(open_page, record)) == absent
    assert "Record not found." in words(open_page("history", record="../../x"))
