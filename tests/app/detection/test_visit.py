"""The readings of a visit: kept on other pages, and removed with "Start over"."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.detection.toolbar import progress_text
from braintumor.enums import TumorClass, Verdict
from braintumor.inference import Detector
from braintumor.inference.retrieval import SimilarScan
from braintumor.services.reading_job import ReadingProgress
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import (
    BROKEN,
    csv_rows,
    opinion_control,
    reading_session,
    select_item,
    upload,
    viewer_data,
    wait_until_read,
)


def visit_other_pages(app: AppTest) -> AppTest:
    """Open another page and come back."""
    app.switch_page("app_pages/session_log.py").run()
    assert not app.exception
    app.switch_page("app_pages/detection.py").run()
    assert not app.exception
    return app


def test_nothing_is_lost_and_nothing_read_again_when_pages_are_changed(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = upload(open_page, [*scans, BROKEN])
    app.selectbox(key="order").set_value("File name").run()
    select_item(app, 2)
    app.text_area[0].set_value("Seen by two").run()
    opinion_control(app).set_value("meningioma").run()
    chosen, rows = viewer_data(app)["scan"]["id"], csv_rows(app)
    monkeypatch.setattr(Detector, "detect", lambda *_: pytest.fail("a scan was read again"))
    for _ in range(2):
        visit_other_pages(app)
        assert viewer_data(app)["scan"]["id"] == chosen
        assert (app.text_area[0].value, opinion_control(app).value) == ("Seen by two", "meningioma")
        assert app.selectbox(key="order").value == "File name"
        assert csv_rows(app) == rows


def test_files_are_added_to_those_of_before_and_start_over_removes_all(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    app = visit_other_pages(upload(open_page, scans[:2]))
    app.file_uploader[0].set_value(scans[2:3]).run()
    wait_until_read(app)
    assert {reading.name for reading in reading_session(app).readings()} == {name for name, _, _ in scans[:3]}
    assert any("2 files uploaded before" in caption.value for caption in app.caption)
    app.button(key="start-over").click().run()
    assert reading_session(app).readings() == []
    assert not viewer_data(visit_other_pages(app))


def test_browser_asks_before_unsaved_findings_are_lost(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    app = upload(open_page, scans[:1])
    assert unsaved_flags(app) == []
    app.text_area[0].set_value("Seen by two").run()
    assert unsaved_flags(app)[-1] is True
    app.switch_page("app_pages/session_log.py").run()
    assert unsaved_flags(app) == [True], "on every page"
    app.switch_page("app_pages/detection.py").run()
    app.button(key="start-over").click().run()
    assert unsaved_flags(app) == [False]


def unsaved_flags(app: AppTest) -> list[bool]:
    """Return whether there are unsaved findings, as each component that asks before leaving knows it."""
    contents = [json.loads(component.proto.json) for component in app.get("bidi_component")]
    return [content["unsaved"] for content in contents if "unsaved" in content]


def test_card_says_if_the_most_similar_training_scans_disagree(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_contradicting(detector: Detector, scan: object, count: int) -> tuple[SimilarScan, ...]:
        return tuple(SimilarScan("a.jpg", label, 0.7, "group") for label in [TumorClass.NOTUMOR] * count)

    monkeypatch.setattr(Detector, "most_similar", find_contradicting)
    monkeypatch.setattr(
        "braintumor.inference.pipeline.judge.decide_verdict", lambda *_, **__: (Verdict.TUMOR_SUSPECTED, "Why.")
    )
    app = upload(open_page, scans[:1])
    assert "most similar training scans disagree" in words(app)
    assert "6 of the 6 most similar training scans show no tumour" in words(app)


def test_progress_counts_slices_and_says_how_long_is_left() -> None:
    assert progress_text(ReadingProgress(0, 1, 96, True, 577, 130.0)) == "96 of 577 slices read, about 2 min left"
    assert progress_text(ReadingProgress(0, 1, 0, True, 0)) == "Opening the files"
    assert progress_text(ReadingProgress(1, 3, 8, True, 9)) == "8 of 9 slices read, 1 of 3 files"
    assert progress_text(ReadingProgress(0, 1, 5, False, 9, 3.0)) == "Stopped: 5 of 9 slices read"
