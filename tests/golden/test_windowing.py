"""Windowing in Python and in the viewer's JavaScript gives the same grey levels."""

import importlib.util
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.golden.windowing import FILE, compute_cases

SCRIPT = Path("app_pages/components/detection/viewer_assets/windowing.js")
GOLDEN = json.loads(FILE.read_text(encoding="utf-8"))
RUN_CASES = """
const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
const levels = cases.map(({ values, center, width }) => values.map((value) => windowToByte(value, center, width)));
console.log(JSON.stringify(levels));
"""


def find_node() -> str | None:
    """Return Node.js of the system, or the one inside the playwright package; None if there is neither."""
    if node := shutil.which("node"):
        return node
    if importlib.util.find_spec("playwright") is None:
        return None
    from playwright._impl._driver import compute_driver_executable

    executable = compute_driver_executable()
    return str(executable[0] if isinstance(executable, tuple) else executable)


def test_golden_levels_are_what_python_computes() -> None:
    assert compute_cases() == GOLDEN


def test_javascript_windowing_agrees_with_python(root: Path) -> None:
    node = find_node()
    if node is None:
        pytest.skip("Node.js is not available")
    code = (root / SCRIPT).read_text(encoding="utf-8") + RUN_CASES
    command = [node, "--eval", code]
    run = subprocess.run(command, input=json.dumps(GOLDEN), capture_output=True, text=True, check=True, timeout=600)
    for case, levels in zip(GOLDEN, json.loads(run.stdout), strict=True):
        differences = [abs(a - b) for a, b in zip(case["expected"], levels, strict=True)]
        assert max(differences) <= 1, case["name"]
        assert {0, 255} & set(levels), "the case reaches black or white"


def test_golden_cases_cover_black_white_and_grey() -> None:
    levels = {level for case in GOLDEN for level in case["expected"]}
    assert {0, 255} < levels
    assert len(levels) > 100
