"""Malformed files on the Detection page: each has its own error, and the page works for the others."""

import pytest

from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.apptest.detection import reading_session, viewer_data, wait_until_read
from tests.helpers.malformed.corpus import make_corpus

pytestmark = pytest.mark.slow
# Seconds for all files together; one may take five.
PATIENCE = 1800.0


def test_every_malformed_file_costs_only_its_own_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    files = make_corpus()
    app = open_page("detection")
    app.file_uploader[0].set_value([(file.name, file.content, "application/octet-stream") for file in files] + scans)
    app.run()
    wait_until_read(app, PATIENCE, pause=2)
    session = reading_session(app)
    progress, readings = session.progress(), session.readings()
    assert progress.files_read == progress.total_files == len(files) + len(scans)
    assert {name for name, _, _ in scans} <= {reading.name for reading in readings if reading.detection}
    must_fail = {file.name for file in files if file.must_fail}
    assert not [reading.name for reading in readings if reading.name in must_fail and reading.detection]
    assert all(reading.detection or reading.error.startswith(reading.name) for reading in readings)
    assert viewer_data(app)["entries"]
    assert "Traceback" not in words(app)
