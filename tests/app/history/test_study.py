"""The verdict on a study is kept, found on the History page, and opened again with its card and key slices."""

from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables.records import STUDY
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import study_results
from tests.helpers.apptest.history import read_and_save
from tests.helpers.studies.volumes import make_phantom_volume


def test_study_is_found_by_its_verdict_and_opened_with_its_card(kept: tuple[Storage, Actor], open_page: Open) -> None:
    volume = ("brain.nii", make_phantom_volume(slices=6, side=40), "application/octet-stream")
    (study,) = study_results(read_and_save(open_page, [volume]))
    app = open_page("history")
    app.selectbox("history-verdict").set_value(str(study.reading.verdict))
    app.selectbox("history-kind").set_value("Studies (series and volumes)").run()
    (link,) = [button for button in app.button if str(button.key).startswith("open-")]
    assert link.label.replace("\\", "") == "brain.nii"
    (record,) = search(*kept, SearchQuery(level=STUDY)).records
    app = open_page("history", record=str(record.reading_id))
    assert not app.exception
    assert study.reading.reason in words(app)
    assert any("study-strips" in element.proto.body for element in app.get("html"))
    links = [button.label.replace("\\", "") for button in app.button if str(button.key).startswith("open-")]
    assert links == [each.name for each in study.reading.key_slices]
    app.button("record-delete").click().run()
    assert not app.exception
    assert search(*kept, SearchQuery()).records == []


def test_slices_of_a_study_are_listed_only_on_request(
    kept: tuple[Storage, Actor], open_page: Open, scans: list[Upload]
) -> None:
    volume = ("brain.nii", make_phantom_volume(slices=6, side=40), "application/octet-stream")
    read_and_save(open_page, [volume, scans[0]])
    app = open_page("history")

    def titles() -> list[str]:
        links = [button for button in app.button if str(button.key).startswith("open-")]
        return sorted(link.label.replace("\\", "") for link in links)

    assert titles() == ["brain.nii", scans[0][0]]
    app.selectbox("history-kind").set_value("All").run()
    assert "brain.nii [axial 1]" in titles()
