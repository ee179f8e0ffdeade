"""A sample is read with one click, is named as one with its truth, and counts as nobody's scan."""

import pytest
from streamlit.testing.v1 import AppTest

from app_pages.components.shared.session_state import PREDICTION_LOG_KEY
from braintumor.samples import find_sample
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import logged_rows, reading_session, wait_until_read


@pytest.fixture
def detection(artifacts: Settings, open_page: Open) -> AppTest:
    """The Detection page before anything was read."""
    return open_page("detection")


def _open(app: AppTest, name: str) -> AppTest:
    app.button(key=f"sample-{name}").click().run()
    return wait_until_read(app)


def _names(app: AppTest) -> list[str]:
    return [reading.name for reading in reading_session(app).readings()]


def _logged_names(app: AppTest) -> list[object]:
    return [row["name"] for row in logged_rows(app)] if PREDICTION_LOG_KEY in app.session_state else []


def test_truth_is_shown_with_the_result_and_not_before(detection: AppTest) -> None:
    assert "Truth of" not in words(detection)
    app = _open(detection, "slice-2")
    assert _names(app) == ["sample-slice-2.jpg"]
    text = words(app)
    assert "Truth of the file: **meningioma**" in text
    assert "Licence: CC0-1.0" in text
    assert "kaggle.com/datasets" in text


def test_sample_is_not_logged_until_it_is_uploaded(detection: AppTest) -> None:
    sample = find_sample("slice-3")
    assert sample is not None
    app = _open(detection, "slice-3")
    assert _logged_names(app) == []
    app.button(key="start-over").click().run()
    assert _names(app) == []
    own: Upload = (sample.file, sample.path.read_bytes(), "image/jpeg")
    app.file_uploader[0].set_value([own]).run()
    app = wait_until_read(app)
    assert _logged_names(app) == [sample.file]
    assert "This is a sample" not in words(app)


def test_another_sample_replaces_the_first_and_uploads_stay(detection: AppTest, scans: list[Upload]) -> None:
    detection.file_uploader[0].set_value(scans[:1]).run()
    app = _open(wait_until_read(detection), "slice-1")
    app = _open(app, "damaged-file")
    assert sorted(_names(app)) == sorted([scans[0][0], "sample-damaged-file.jpg"])
    assert _logged_names(app) == [scans[0][0]]
    app.button(key="close-sample").click().run()
    assert _names(app) == [scans[0][0]]


def test_damaged_file_shows_its_reason_and_truth(detection: AppTest) -> None:
    app = _open(detection, "damaged-file")
    (reading,) = reading_session(app).readings()
    assert "truncated or damaged" in reading.error
    assert "of which only the first part is left" in words(app)


def test_study_is_read_as_one_and_not_logged(detection: AppTest) -> None:
    app = _open(detection, "study-2")
    assert len(_names(app)) == 24
    assert "Truth of the study: **no tumour**" in words(app)
    assert _logged_names(app) == []
