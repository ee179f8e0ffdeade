"""The list of keys is complete, and on every page."""

import json
import re
from pathlib import Path

from app_pages.components.shared.page_tools import SHORTCUTS
from braintumor.settings import Settings
from tests.app.conftest import Open

# Another way to type a listed key.
SAME_KEY = {"="}


def _listed(page: str) -> set[str]:
    return {key.lower() for shortcut in SHORTCUTS[page] for key in shortcut.keys}


def test_every_key_of_the_viewer_is_listed(root: Path) -> None:
    script = (root / "app_pages/components/detection/viewer_assets/controls.js").read_text(encoding="utf-8")
    actions = re.search(r"const actions = \{(.*?)\n  \};", script, re.DOTALL)
    assert actions
    keys = set(re.findall(r'(?:^|[ ,])"?([^\s",])"?: \(\) =>', actions[1]))
    assert len(keys) > 10
    assert keys - SAME_KEY <= _listed("Detection")


def test_every_shortcut_of_a_button_is_listed(root: Path) -> None:
    script = (root / "app_pages/components/practice/blind_reading.py").read_text(encoding="utf-8")
    assert {key.lower() for key in re.findall(r'shortcut="(\w)"', script)} <= _listed("Practice")


def test_page_lists_its_own_keys_first(empty: Settings, open_page: Open) -> None:
    for page, titles in (("practice", ["Practice", "Every page"]), ("summary", ["Every page"])):
        tools = [each for each in open_page(page).get("bidi_component") if each.proto.component_name == "page_tools"]
        assert [section["title"] for section in json.loads(tools[0].proto.json)["sections"]] == titles
