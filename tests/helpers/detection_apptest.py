"""The reading room under AppTest: upload, wait until all is read, and see what the viewer in the browser is given."""

import json
import time
from typing import Any

from streamlit.testing.v1 import AppTest

from tests.app.conftest import Open, Upload

PATIENCE = 60.0


def upload(open_page: Open, files: list[Upload]) -> AppTest:
    """The Detection page with files on it, all of them read."""
    app = open_page("detection")
    app.file_uploader[0].set_value(files).run()
    return settle(app)


def settle(app: AppTest) -> AppTest:
    """Run until nothing is read any more."""
    deadline = time.monotonic() + PATIENCE
    while any(button.key == "stop" for button in app.button) and time.monotonic() < deadline:
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> dict[str, Any]:
    """What the viewer is given; empty where there is none."""
    found = app.get("bidi_component")
    data: dict[str, Any] = json.loads(found[0].proto.json) if found else {}
    return data


def choose(app: AppTest, number: int) -> AppTest:
    """Choose an entry of the list, as a click in the viewer does."""
    app.session_state["viewer"] = {"chosen": shown(app)["entries"][number]["worst"]}
    return app.run()


def strip(app: AppTest) -> dict[str, int]:
    """Counts of the strip by their names."""
    html = next(str(element.proto.body) for element in app.get("html") if "reading-strip" in str(element.proto.body))
    parts = html.replace("</dt>", "").replace("</dd>", "").split("<dt>")[1:]
    return {part.split("<dd>")[0]: int(part.split("<dd>")[1].split("<")[0].replace(",", "")) for part in parts}
