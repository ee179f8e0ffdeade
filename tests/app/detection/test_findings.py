"""The reader's own finding: in the CSV and the log, per version, and not lost when files or versions change."""

import io
import time
from collections.abc import Iterator
from typing import Any

import pytest

from app_pages.components.shared.session_state import FINDINGS_KEY
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload
from tests.helpers.apptest.detection import (
    add_second_version,
    csv_rows,
    logged_rows,
    opinion_control,
    reading_session,
    select_item,
    upload,
    viewer_data,
    wait_until_read,
)
from tests.helpers.phi_dicom import make_phi_dicom


def _dicom(number: int, name: str) -> Upload:
    content = io.BytesIO()
    make_phi_dicom(number).save_as(content, enforce_file_format=True)
    return name, content.getvalue(), ""


def test_finding_is_in_the_row_and_shown_again(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    app = upload(open_page, scans)
    name = viewer_data(app)["scan"]["name"]
    opinion_control(app).set_value("pituitary").run()
    app.text_area[0].set_value("Cystic, left of the midline").run()
    row = next(row for row in csv_rows(app) if row["name"] == name)
    assert (row["reader_finding"], row["reader_comment"]) == ("pituitary", "Cystic, left of the midline")
    assert sum(bool(row["reader_finding"]) for row in csv_rows(app)) == 1
    select_item(app, 1)
    select_item(app, 0)
    assert app.text_area[0].value == "Cystic, left of the midline"


def test_agreement_applies_to_one_version_and_a_comment_to_all(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    add_second_version(artifacts)
    app = upload(open_page, scans[:1])
    opinion_control(app).set_value("agree").run()
    app.text_area[0].set_value("Cystic").run()
    app.selectbox(key="version").set_value("v2").run()
    wait_until_read(app)
    (row,) = csv_rows(app)
    assert (row["model_version"], row["reader_finding"], row["reader_comment"]) == ("v2", "", "Cystic")
    opinion_control(app).set_value("glioma").run()
    assert [row["reader_finding"] for row in csv_rows(app)] == ["glioma"]
    app.selectbox(key="version").set_value("v1").run()
    wait_until_read(app)
    assert [row["reader_finding"] for row in csv_rows(app)] == ["agree"]
    assert {(row["model_version"], row["reader_finding"]) for row in logged_rows(app)} == {
        ("v1", "agree"), ("v2", "glioma"),
    }  # fmt: skip


def test_stopping_a_second_version_loses_no_finding(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_second_version(artifacts)
    app = select_item(upload(open_page, scans[:3]), 2)
    app.text_area[0].set_value("Cystic").run()
    name, logged = viewer_data(app)["scan"]["name"], len(logged_rows(app))
    read = ReadingService.read

    def repeat_first(self: ReadingService, *args: Any) -> Iterator[Reading]:
        first = next(read(self, *args))
        while True:
            time.sleep(0.02)
            yield first

    monkeypatch.setattr(ReadingService, "read", repeat_first)
    app.selectbox(key="version").set_value("v2").run()
    next(button for button in app.button if button.key == "stop").click().run()
    monkeypatch.setattr(ReadingService, "read", read)
    app.selectbox(key="version").set_value("v1").run()
    wait_until_read(app)
    assert {row["name"]: row["reader_comment"] for row in csv_rows(app)}[name] == "Cystic"
    of_first_version = [row for row in logged_rows(app) if row["model_version"] == "v1"]
    assert len(of_first_version) == logged, "no result is logged twice"


def test_adding_a_dicom_file_loses_no_finding(artifacts: Settings, open_page: Open) -> None:
    files = [_dicom(number, f"slice-{number}.dcm") for number in range(3)]
    app = upload(open_page, files[:2])
    app.text_area[0].set_value("Cystic").run()
    selected_id = viewer_data(app)["scan"]["id"]
    app.file_uploader[0].set_value(files).run()
    wait_until_read(app)
    assert [row["level"] for row in csv_rows(app)] == ["slice"] * 3 + ["study"]
    assert [row["reader_comment"] for row in csv_rows(app)].count("Cystic") == 1
    assert selected_id in {reading.id for reading in reading_session(app).readings()}
    app.file_uploader[0].set_value([]).run()
    assert app.session_state[FINDINGS_KEY] == {}


def test_same_dicom_file_twice_is_two_slices(artifacts: Settings, open_page: Open) -> None:
    file = _dicom(1, "slice.dcm")
    app = upload(open_page, [file, file])
    assert len({reading.id for reading in reading_session(app).readings()}) == 2
