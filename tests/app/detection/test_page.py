"""Detection page: a verdict for each scan, an error for an unreadable file, and nothing written to disk."""

from pathlib import Path

import pytest

from app_pages.components.detection.worklist import ReadingStatus, reading_status
from app_pages.components.shared.formatting import VERDICT_TITLES
from braintumor.inference import Detector
from braintumor.settings import Settings, get_settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import (
    BROKEN,
    csv_rows,
    logged_rows,
    reading_session,
    select_item,
    summary_counts,
    upload,
    viewer_data,
    wait_until_read,
)


def test_each_scan_has_a_verdict(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    detections = {name: Detector.load("v1").detect(content, name) for name, content, _ in scans}
    assert {entry["title"] for entry in viewer_data(app)["entries"]} == set(detections)
    for number in range(len(scans)):
        select_item(app, number)
        detection = detections[viewer_data(app)["scan"]["name"]]
        assert any(VERDICT_TITLES[detection.verdict] in heading.value for heading in app.header)
        assert any(detection.reason in text.value for text in app.markdown)
        assert len(app.get("plotly_chart")) == 1
        assert viewer_data(app)["scan"]["panels"][0]["evidence"]["data"]


def test_worklist_and_card_show_the_same_score(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans[:1])
    score = viewer_data(app)["entries"][0]["share"]
    assert score.startswith("(tumour score ")
    assert any(score in heading.value for heading in app.header)


def test_most_suspicious_scan_is_first_and_selected(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [BROKEN, *scans])
    order = [entry["kind"] for entry in viewer_data(app)["entries"]]
    assert order == sorted(order, key=[str(status) for status in ReadingStatus].index)
    assert viewer_data(app)["scan"]["name"] == viewer_data(app)["entries"][0]["title"]


def test_unreadable_file_costs_one_item(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans[:2], BROKEN, *scans[2:]])
    counts = summary_counts(app)
    assert counts["Could not be read"] == 1
    assert sum(counts.values()) == len(scans) + 1
    titles = [entry["title"] for entry in viewer_data(app)["entries"]]
    select_item(app, titles.index("cut.jpg"))
    error = viewer_data(app)["scan"]["error"]
    assert error.startswith("cut.jpg: ")
    assert "damaged" in error
    assert "Could not be read" in words(app)


def test_filter_shows_one_status(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans, BROKEN])
    status_filter = next(control for control in app.get("button_group") if control.key == "status")
    status_filter.set_value("Could not be read").run()
    assert [entry["title"] for entry in viewer_data(app)["entries"]] == ["cut.jpg"]


def test_rerun_reads_nothing_again(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page, scans)
    first = csv_rows(app)
    monkeypatch.setattr(Detector, "detect", lambda *_: pytest.fail("a scan was read again"))
    app.run()
    app.selectbox(key="order").set_value("File name").run()
    select_item(app, 1)
    assert not app.exception
    assert csv_rows(app) == first


def test_unexpected_error_is_reported_without_details(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    detect = Detector.detect

    def fail_once(self, source, name=None):  # type: ignore[no-untyped-def]
        if source.name == scans[0][0]:
            raise RuntimeError("secret detail")
        return detect(self, source, name)

    monkeypatch.setattr(Detector, "detect", fail_once)
    app = upload(open_page, scans)
    assert summary_counts(app)["Could not be read"] == 1
    error = next(row["error"] for row in csv_rows(app) if row["error"])
    assert "could not be read" in error
    assert "secret" not in words(app) + error


def test_file_name_is_never_markup(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    hostile = "![x](http://example.org/p.png) :red[boo] $x$ <b>.jpg"
    app = upload(open_page, [(hostile, BROKEN[1], BROKEN[2]), (hostile, scans[0][1], "image/png")])
    for number in range(2):
        select_item(app, number)
        assert viewer_data(app)["scan"]["name"] == hostile
        assert all(hostile not in element.value for element in (*app.markdown, *app.caption, *app.header))
        assert all("boo" not in str(element.proto.body) for element in app.get("html"))


def test_results_of_removed_files_are_dropped(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    app.file_uploader[0].set_value(scans[:1]).run()
    wait_until_read(app)
    assert [entry["title"] for entry in viewer_data(app)["entries"]] == [scans[0][0]]
    app.file_uploader[0].set_value(None).run()
    assert not viewer_data(app)
    assert reading_session(app).readings() == []


def test_start_over_removes_every_file(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    app.button(key="start-over").click().run()
    assert not app.exception
    assert not app.file_uploader[0].value
    assert reading_session(app).readings() == []


def test_altered_model_is_reported(artifacts: Settings, open_page: Open) -> None:
    (artifacts.outputs / "v1" / "model.onnx").write_bytes(b"something else")
    app = open_page("detection")
    assert not app.exception
    assert not app.file_uploader
    assert "model.onnx" in words(app)


def test_uploader_uses_the_size_limit_of_the_settings(
    artifacts: Settings, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINTUMOR_MAX_BYTES", str(2 * 2**20))
    monkeypatch.setenv("BRAINTUMOR_MAX_VOLUME_BYTES", str(2 * 2**20))
    monkeypatch.setenv("BRAINTUMOR_MAX_ARCHIVE_BYTES", str(3 * 2**20))
    get_settings.cache_clear()
    uploader = open_page("detection").file_uploader[0]
    assert uploader.proto.max_upload_size_mb == 3
    # The format is detected from the content: files of scanners have no suffix.
    assert not uploader.allowed_type


def test_page_writes_no_file(
    artifacts: Settings, open_page: Open, scans: list[Upload], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = (artifacts.outputs, artifacts.inputs, tmp_path)
    before = _list_files(folders)
    upload(open_page, [*scans, BROKEN])
    assert _list_files(folders) == before


def _list_files(folders: tuple[Path, ...]) -> set[Path]:
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def test_each_reading_is_logged(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, [*scans, BROKEN])
    assert {row["name"] for row in logged_rows(app)} == {scan[0] for scan in [*scans, BROKEN]}
    app.text_area[0].set_value("Seen by two").run()
    assert [row["reader_comment"] for row in logged_rows(app)].count("Seen by two") == 1
    assert ReadingStatus.FAILED in {reading_status(reading) for reading in reading_session(app).readings()}
