"""Detection page and session log tell nothing of whom a DICOM file is: a name planted in every text stays out."""

import io
import json
import logging
import zipfile

import pytest

from app_pages.components.detection.downloads import make_csv, make_pdf, make_zip
from braintumor.inference import Detector
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.detection_apptest import choose, shown, upload
from tests.helpers.phi_dicom import places, planted


def _dicom(number: int) -> bytes:
    content = io.BytesIO()
    planted(number).save_as(content, enforce_file_format=True)
    return content.getvalue()


def test_no_tag_reaches_the_page_its_log_or_what_it_hands_out(
    artifacts: Settings, open_page: Open, caplog: pytest.LogCaptureFixture
) -> None:
    slices = [_dicom(number) for number in range(3)]
    assert all(places(content) for content in slices)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("inside.dcm", _dicom(3))
    files: list[Upload] = [(f"slice-{number}.dcm", content, "") for number, content in enumerate(slices)]
    files += [("cut.dcm", slices[0][: len(slices[0]) // 2], ""), ("all.zip", packed.getvalue(), "")]
    with caplog.at_level(logging.DEBUG):
        app = upload(open_page, files)
        room, said = app.session_state["reading-room"], app.session_state["reading-opinions"]
        readings, detector = room.readings(), Detector.load("v1")
        assert sum(reading.detection is not None for reading in readings) == 4
        pages = []
        for number in range(len(shown(app)["entries"])):
            choose(app, number)
            pages += [words(app), json.dumps(shown(app)), str(app.main)]
    handed = [
        make_csv(readings, said), make_pdf(readings, said, detector, ""), make_zip(readings, said, detector, ""),
    ]  # fmt: skip
    kept = [repr(readings), repr(list(app.session_state["session-log"].values())), caplog.text]
    found = [places(text.encode()) for text in (*pages, *kept)] + [places(content) for content in handed]
    assert found == [[]] * len(found)
