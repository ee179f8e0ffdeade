"""Hostile files on the Detection page: each is answered in its own row, and the page stays whole."""

import time

import pytest

from braintumor.settings import Settings
from tests.app.conftest import Open, Upload, words
from tests.helpers.detection_apptest import shown
from tests.helpers.malformed.corpus import corpus

pytestmark = pytest.mark.slow
# What all of them together may take; one may take five seconds.
PATIENCE = 400.0


def test_every_hostile_file_costs_only_its_own_row(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    files = corpus()
    app = open_page("detection")
    app.file_uploader[0].set_value([(one.name, one.content, "application/octet-stream") for one in files] + scans)
    app.run()
    deadline = time.monotonic() + PATIENCE
    while any(button.key == "stop" for button in app.button) and time.monotonic() < deadline:
        time.sleep(2)
        app.run()
    assert not app.exception
    room = app.session_state["reading-room"]
    assert room.progress().files == len(files) + len(scans)
    readings = room.readings()
    assert {name for name, _, _ in scans} <= {reading.name for reading in readings if reading.detection}
    deceptive = {one.name for one in files if one.must_fail}
    assert not [reading.name for reading in readings if reading.name in deceptive and reading.detection]
    assert all(reading.detection or reading.error.startswith(reading.name) for reading in readings)
    assert shown(app)["entries"]
    assert "Traceback" not in words(app)
