"""The Detection page under AppTest: upload files, wait until they are read, and see what the viewer receives."""

import csv
import io
import json
import shutil
import time
from typing import Any, Final

from streamlit.testing.v1 import AppTest

from app_pages.components.detection.downloads import make_csv
from app_pages.components.detection.session import SESSION_KEY, ReadingSession
from app_pages.components.shared.session_state import FINDINGS_KEY, PREDICTION_LOG_KEY
from braintumor.inference import Detector
from braintumor.inference.study.detect_study import study_rule
from braintumor.reporting.csv_export import CsvRow
from braintumor.reporting.study.result import StudyResult
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload

# Seconds.
PATIENCE: Final = 900.0
BROKEN: Final[Upload] = ("cut.jpg", b"\xff\xd8\xff\xe0 cut short", "image/jpeg")


def upload(open_page: Open, files: list[Upload]) -> AppTest:
    """Open the Detection page, upload files and wait until all are read."""
    app = open_page("detection")
    app.file_uploader[0].set_value(files).run()
    return wait_until_read(app)


def wait_until_read(app: AppTest, patience: float = PATIENCE, pause: float = 0.05) -> AppTest:
    """Rerun the page until no file is being read."""
    deadline = time.monotonic() + patience
    while any(button.key == "stop" for button in app.button) and time.monotonic() < deadline:
        time.sleep(pause)
        app.run()
    assert not app.exception
    return app


def viewer_data(app: AppTest) -> dict[str, Any]:
    """Return what the viewer receives; empty if there is no viewer."""
    components = [each for each in app.get("bidi_component") if each.proto.component_name == "scan_viewer"]
    data: dict[str, Any] = json.loads(components[0].proto.json) if components else {}
    return data


def select_item(app: AppTest, number: int) -> AppTest:
    """Select an item of the worklist, as a click in the viewer does."""
    app.session_state["viewer"] = {"chosen": viewer_data(app)["entries"][number]["worst"]}
    return app.run()


def summary_counts(app: AppTest) -> dict[str, int]:
    """Return the counts of the summary bar."""
    html = next(str(element.proto.body) for element in app.get("html") if "summary-bar" in str(element.proto.body))
    cells = html.replace("</dt>", "").replace("</dd>", "").split("<dt>")[1:]
    return {cell.split("<dd>")[0]: int(cell.split("<dd>")[1].split("<")[0].replace(",", "")) for cell in cells}


def reading_session(app: AppTest) -> ReadingSession:
    """Return the readings of the session."""
    session: ReadingSession = app.session_state[SESSION_KEY]
    return session


def study_results(app: AppTest) -> list[StudyResult]:
    """Return the answers for the studies of the session."""
    return reading_session(app).studies(study_rule(Detector.load("v1").artifact.card))


def logged_rows(app: AppTest) -> list[CsvRow]:
    """Return the rows of the session log, oldest first."""
    rows: list[CsvRow] = app.session_state[PREDICTION_LOG_KEY].list_rows()
    return rows[::-1]


def csv_rows(app: AppTest) -> list[dict[str, str]]:
    """Return the rows that the CSV button would download now."""
    content = make_csv(reading_session(app).readings(), app.session_state[FINDINGS_KEY], study_results(app))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def opinion_control(app: AppTest) -> Any:
    """Return the control for the reader's own finding."""
    return next(control for control in app.get("button_group") if str(control.key).startswith("opinion-"))


def add_second_version(settings: Settings) -> None:
    """Copy version v1 to v2."""
    second = shutil.copytree(settings.outputs / "v1", settings.outputs / "v2")
    card = json.loads((second / "card.json").read_text(encoding="utf-8"))
    (second / "card.json").write_text(json.dumps({**card, "version": "v2"}), encoding="utf-8")
