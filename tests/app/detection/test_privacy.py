"""No identifying DICOM tag reaches the Detection page, its downloads or the session log."""

import io
import json
import logging
import zipfile

import pytest

from app_pages.components.detection.downloads import make_csv, make_pdf, make_zip
from app_pages.components.shared.session_state import FINDINGS_KEY
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import logged_rows, reading_session, select_item, upload, viewer_data
from tests.helpers.phi_dicom import find_phi_in, make_phi_dicom


def _dicom(number: int) -> bytes:
    content = io.BytesIO()
    make_phi_dicom(number).save_as(content, enforce_file_format=True)
    return content.getvalue()


def test_no_identifying_tag_reaches_page_log_or_downloads(
    artifacts: Settings, open_page: Open, caplog: pytest.LogCaptureFixture
) -> None:
    slices = [_dicom(number) for number in range(3)]
    assert all(find_phi_in(content) for content in slices)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zip_file:
        zip_file.writestr("inside.dcm", _dicom(3))
    files: list[Upload] = [(f"slice-{number}.dcm", content, "") for number, content in enumerate(slices)]
    files += [("cut.dcm", slices[0][: len(slices[0]) // 2], ""), ("all.zip", archive.getvalue(), "")]
    with caplog.at_level(logging.DEBUG):
        app = upload(open_page, files)
        readings, findings, detector = (
            reading_session(app).readings(),
            app.session_state[FINDINGS_KEY],
            Detector.load("v1"),
        )
        assert sum(reading.detection is not None for reading in readings) == 4
        pages = []
        for number in range(len(viewer_data(app)["entries"])):
            select_item(app, number)
            pages += [words(app), json.dumps(viewer_data(app)), str(app.main)]
    detector = Detector.load("v1")
    downloads = [
        make_csv(readings, findings), make_pdf(readings, findings, detector, ""),
        make_zip(readings, findings, detector, ""),
    ]  # fmt: skip
    memory = [repr(readings), repr(logged_rows(app)), caplog.text]
    for text in (*pages, *memory):
        assert find_phi_in(text.encode()) == []
    for content in downloads:
        assert find_phi_in(content) == []
