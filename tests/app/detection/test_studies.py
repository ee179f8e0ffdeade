"""Studies on the Detection page: one card per volume, its key slice opened first, its row in CSV and log."""

import time
from threading import Event
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from braintumor.services.reading import ReadingService
from braintumor.settings import Settings
from braintumor.text import VERDICT_TITLES
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import (
    PATIENCE,
    csv_rows,
    logged_rows,
    reading_session,
    study_results,
    upload,
    viewer_data,
    wait_until_read,
)
from tests.helpers.scan_files.volumes import SHAPE, make_volume
from tests.helpers.studies.volumes import make_phantom_volume


@pytest.fixture(scope="module")
def volume() -> Upload:
    return ("brain.nii", make_phantom_volume(slices=34, side=40), "application/octet-stream")


def strips(app: AppTest) -> list[str]:
    """Return the charts of the studies."""
    bodies = [str(element.proto.body) for element in app.get("html")]
    return [body for body in bodies if body.startswith('<div class="study-strips"')]


def test_volume_has_a_card_and_opens_at_its_key_slice(
    artifacts: Settings, open_page: Open, scans: list[Upload], volume: Upload
) -> None:
    app = upload(open_page, [volume, *scans[:1]])
    (study,) = study_results(app)
    reading = study.reading
    assert any(f"{VERDICT_TITLES[reading.verdict]}" in heading.value for heading in app.header)
    text = words(app)
    assert reading.reason in text
    assert reading.counts.describe() in text
    (strip,) = strips(app)
    assert strip.count("<i ") == len(study.slices)
    in_study = {each.id for each in study.slices}
    if viewer_data(app)["entries"][0]["ids"][0] in in_study:
        assert viewer_data(app)["scan"]["name"] == study.key_slice.name
    assert any("In this study, the model" in str(element.proto.body) for element in app.get("html"))
    statuses = {entry["title"]: entry["kind"] for entry in viewer_data(app)["entries"]}
    assert len(statuses) == 4  # three planes and the picture


def test_large_volume_shows_a_preliminary_verdict_while_it_is_read(
    artifacts: Settings, open_page: Open, volume: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, read = Event(), ReadingService.read

    def wait_and_read(service: ReadingService, *arguments: Any) -> Any:
        go_on.wait()
        return read(service, *arguments)

    monkeypatch.setattr(ReadingService, "read", wait_and_read)
    app = open_page("detection")
    app.file_uploader[0].set_value([volume]).run()
    deadline = time.monotonic() + PATIENCE
    while not reading_session(app).preliminary():
        assert time.monotonic() < deadline
        app.run()
    app.run()
    (preliminary,) = [element.value for element in app.markdown if "preliminary" in element.value]
    assert "brain\\.nii: " in preliminary
    assert " of 114 slices" in preliminary
    go_on.set()
    wait_until_read(app)
    assert len(study_results(app)) == 1
    assert not any("preliminary" in element.value for element in app.markdown)


def test_worklist_card_and_progress_count_the_same_slices(artifacts: Settings, open_page: Open) -> None:
    app = upload(open_page, [("blank.nii", make_volume(), "")])
    (study,) = study_results(app)
    entries, progress = viewer_data(app)["entries"], reading_session(app).progress()
    titles = [int(entry["title"].split(", ")[1].removesuffix(" slices")) for entry in entries]
    notes = [int(entry["note"].split(" of ")[1].removesuffix(" slices")) for entry in entries]
    assert titles == notes
    assert sorted(titles) == sorted(SHAPE)
    assert study.reading.counts.blank == 2
    assert sum(titles) == study.reading.counts.total == progress.slices == progress.total_slices
    assert f"{sum(titles)} slices: " in words(app)
    slices = viewer_data(app)["series"]
    assert slices["count"] in titles
    assert slices["numbers"][slices["index"]] <= slices["count"]


def test_study_row_is_in_the_csv_and_in_the_log_once(artifacts: Settings, open_page: Open, volume: Upload) -> None:
    app = upload(open_page, [volume])
    app.run()
    *slices, study = csv_rows(app)
    assert (study["level"], study["name"]) == ("study", "brain.nii")
    assert all(row["level"] == "slice" for row in slices)
    assert [row["name"] for row in logged_rows(app)].count("brain.nii") == 1


def test_pictures_have_no_study_card(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans[:2])
    assert strips(app) == []
