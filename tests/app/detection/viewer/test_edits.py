"""The reader turns, crops and inverts a scan on the Detection page, and it is read again."""

import io
from itertools import count
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from app_pages.components.detection.edit_tools import requested_edit
from braintumor.datasets.phantoms import make_phantom
from braintumor.imaging.edits import ScanEdit
from braintumor.services.reading_result import Reading
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload
from tests.helpers.apptest.detection import (
    add_second_version,
    logged_rows,
    reading_session,
    upload,
    viewer_data,
    wait_until_read,
)
from tests.helpers.versions.turns import add_turn_section, bright_top_pixels, write_turn_network

_NUMBERS = count(1)


def request(app: AppTest, action: str, box: list[float] | None = None, index: int = 0) -> AppTest:
    """Ask for an edit of a slice, as the viewer does."""
    reading = reading_session(app).readings()[index]
    number = next(_NUMBERS)
    edit = {"id": reading.id, "action": action, "box": box, "number": number}
    app.session_state["viewer"] = {"chosen": reading.id, "edit": edit}
    app.run()
    assert not app.exception
    return app


def shown_size(app: AppTest) -> tuple[int, int]:
    """Width and height of the scan as shown."""
    base = viewer_data(app)["scan"]["base"]
    return base["width"], base["height"]


def only_reading(app: AppTest) -> Reading:
    """The reading of the only file."""
    (reading,) = reading_session(app).readings()
    return reading


@pytest.fixture
def app(artifacts: Settings, open_page: Open, scans: list[Upload]) -> AppTest:
    """The page with one phantom."""
    return upload(open_page, scans[:1])


def test_a_turn_is_read_again_and_survives_reruns(app: AppTest) -> None:
    before = only_reading(app)
    request(app, "turn-right")
    turned = only_reading(app)
    assert turned.edit == ScanEdit(turn=1, is_upright=True)
    assert turned.detection is not None
    assert turned.detection is not before.detection
    assert "turned right by 90 degrees" in turned.detection.warnings[-1]
    assert any("turned right by 90 degrees" in warning.value for warning in app.warning)
    app.run()
    app.run()
    assert only_reading(app) is turned, "one request is handled once"
    request(app, "turn-left")
    assert only_reading(app).edit.turn == 0


def test_a_crop_shows_only_the_selected_part(app: AppTest) -> None:
    width, height = shown_size(app)
    request(app, "crop", [0.25, 0.0, 0.75, 1.0])
    assert shown_size(app) == (width // 2, height)
    assert viewer_data(app)["scan"]["can_undo"]


def test_a_crop_of_a_turned_scan_selects_what_is_shown(app: AppTest) -> None:
    request(app, "turn-right")
    request(app, "crop", [0.0, 0.0, 1.0, 0.5])
    source = only_reading(app).source_scan
    assert source is not None
    assert only_reading(app).edit.crop == (0, 0, source.gray.width // 2, source.gray.height)


def test_undo_goes_back_one_edit_at_a_time(app: AppTest) -> None:
    original = only_reading(app)
    request(app, "turn-half")
    request(app, "invert")
    request(app, "undo")
    assert only_reading(app).edit == ScanEdit(turn=2, is_upright=True)
    request(app, "undo")
    assert only_reading(app).row | {"timestamp": ""} == original.row | {"timestamp": ""}
    assert not viewer_data(app)["scan"]["can_undo"]


def test_a_part_that_is_too_small_is_reported_and_can_be_undone(app: AppTest) -> None:
    request(app, "crop", [0.0, 0.0, 0.06, 0.06])
    assert "Select at least 32 x 32" in viewer_data(app)["scan"]["error"]
    assert viewer_data(app)["scan"]["can_undo"]
    request(app, "undo")
    assert only_reading(app).detection is not None


def test_an_edit_changes_only_its_own_slice(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans[:3])
    before = reading_session(app).readings()
    request(app, "invert", index=1)
    after = reading_session(app).readings()
    assert [a is b for a, b in zip(after, before, strict=True)] == [True, False, True]
    assert viewer_data(app)["scan"]["id"] == before[1].id


def test_the_log_shows_the_latest_reading_of_an_edited_scan(app: AppTest) -> None:
    request(app, "invert")
    assert [row["timestamp"] for row in logged_rows(app)] == [only_reading(app).row["timestamp"]]
    request(app, "undo")
    assert [row["timestamp"] for row in logged_rows(app)] == [only_reading(app).row["timestamp"]]


def test_another_version_reads_the_edited_scan(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    add_second_version(artifacts)
    app = upload(open_page, scans[:1])
    request(app, "turn-half")
    first = only_reading(app).version
    box = next(box for box in app.selectbox if first in box.options and "None" not in box.options)
    box.set_value("v2" if first == "v1" else "v1")
    app.run()
    wait_until_read(app)
    assert only_reading(app).version != first
    assert only_reading(app).edit == ScanEdit(turn=2, is_upright=True)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "crop", "box": None},
        {"action": "crop", "box": [0.5, 0.0, 0.5, 1.0]},
        {"action": "crop", "box": [0.0, 0.0, 2.0, 1.0]},
        {"action": "crop", "box": ["a", 0, 1, 1]},
        {"action": "delete"},
        {},
    ],
)
def test_an_invalid_request_changes_nothing(app: AppTest, change: dict[str, Any]) -> None:
    assert requested_edit(only_reading(app), change) is None


def turned_upload(turn: int, name: str = "turned.png") -> Upload:
    """A picture that the turn network of the test holds for turned counterclockwise by quarter turns."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(np.rot90(bright_top_pixels("glioma", 5), turn))).save(stream, "PNG")
    return name, stream.getvalue(), "image/png"


@pytest.fixture
def with_turns(artifacts: Settings) -> Settings:
    """The version detects turned pictures."""
    folder = artifacts.outputs / "v1"
    write_turn_network(folder)
    add_turn_section(folder)
    return artifacts


def test_a_detected_turn_is_shown_and_undone_with_one_click(with_turns: Settings, open_page: Open) -> None:
    app = upload(open_page, [turned_upload(1)])
    detection = only_reading(app).detection
    assert detection is not None
    assert detection.turn == 1
    assert any("turned back before reading" in warning.value for warning in app.warning)
    assert viewer_data(app)["scan"]["can_undo"]
    app.button("undo-turn").click().run()
    undone = only_reading(app).detection
    assert undone is not None
    assert (undone.turn, undone.warnings) == (0, ())
    assert not any("turned back" in warning.value for warning in app.warning)


def test_a_probable_turn_is_applied_with_one_click(with_turns: Settings, open_page: Open) -> None:
    add_turn_section(with_turns.outputs / "v1", sideways_at=1.1)
    app = upload(open_page, [turned_upload(3)])
    before = only_reading(app).detection
    assert before is not None
    assert (before.turn, before.suggested_turn) == (0, 3)
    captions = [caption.value for caption in app.caption]
    assert ("turned" in before.reason) != ("The picture may have been turned." in captions), "the page says why, once"
    app.button("apply-turn").click().run()
    assert only_reading(app).edit == ScanEdit(turn=3, is_upright=True)
    assert not [button for button in app.button if button.key == "apply-turn"]


def test_a_turn_made_by_the_reader_is_not_corrected(with_turns: Settings, open_page: Open) -> None:
    app = upload(open_page, [turned_upload(0)])
    request(app, "turn-left")
    turned = only_reading(app).detection
    assert turned is not None
    assert turned.turn == 0


def test_each_panel_of_a_sheet_is_read_with_one_click(artifacts: Settings, open_page: Open) -> None:
    slices = [make_phantom("glioma", seed, 192).pixels for seed in range(4)]
    sheet = np.vstack([np.hstack(slices[:2]), np.hstack(slices[2:])])
    stream = io.BytesIO()
    Image.fromarray(sheet).save(stream, "PNG")
    app = upload(open_page, [("sheet.png", stream.getvalue(), "image/png")])
    assert [button.key for button in app.button if str(button.key).startswith("panel-")] == [
        f"panel-{number}" for number in range(1, 5)
    ]
    app.button("panel-2").click().run()
    left, _, _, bottom = only_reading(app).edit.crop or (0, 0, 0, 0)
    assert left >= 180
    assert bottom <= 204
    assert not [button for button in app.button if str(button.key).startswith("panel-")]
