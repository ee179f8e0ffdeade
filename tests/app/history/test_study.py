"""The verdict on a study is kept, found on the History page, and opened again with its card and key slices."""

from pathlib import Path

import pytest

from braintumor.db.search import SearchQuery, search
from braintumor.db.storage import Actor, Storage
from braintumor.db.tables.records import STUDY
from braintumor.settings import Settings
from tests.app.conftest import Open, words
from tests.helpers.apptest.detection import study_results
from tests.helpers.apptest.history import read_and_save, switch_on, use_storage
from tests.helpers.storage.fixtures import BOTH, empty_data, servers, storage_values
from tests.helpers.studies.volumes import make_phantom_volume

__all__ = ["empty_data", "servers"]


@pytest.fixture(params=BOTH)
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, artifacts: Settings, monkeypatch: pytest.MonkeyPatch
) -> tuple[Storage, Actor]:
    use_storage(storage_values(request, tmp_path), monkeypatch)
    return switch_on()


def test_study_is_found_by_its_verdict_and_opened_with_its_card(kept: tuple[Storage, Actor], open_page: Open) -> None:
    volume = ("brain.nii", make_phantom_volume(slices=6, side=40), "application/octet-stream")
    (study,) = study_results(read_and_save(open_page, [volume]))
    app = open_page("history")
    app.selectbox("history-verdict").set_value(str(study.reading.verdict))
    app.selectbox("history-level").set_value(STUDY).run()
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
