"""The malformed corpus through `predict` as one batch: a row for every file, and no crash."""

import csv
import re
import subprocess
import sys

import pytest

from tests.golden.draw import SCANS
from tests.helpers.malformed.corpus import write_corpus
from tests.helpers.versions.tiny import write_version

pytestmark = pytest.mark.slow


def test_every_malformed_file_gets_a_row(workspace, tmp_path):
    write_version(workspace.outputs)
    folder = tmp_path / "malformed"
    paths = write_corpus(folder)
    (folder / "valid.png").write_bytes((SCANS / "l.png").read_bytes())
    command = [sys.executable, "-m", "braintumor", "predict", str(folder), "--csv", str(tmp_path / "rows.csv")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    assert run.returncode == 1, "some files failed"
    assert "Traceback" not in run.stderr
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["name"] for row in rows]
    without_row = [
        p.name for p in paths if not any(re.search(rf"(^|/|'){re.escape(p.name)}($|/| \[)", n) for n in names)
    ]
    # A damaged header can turn a slice into a report, which is skipped next to other files.
    skipped = re.search(r"Skipped: (.*)", run.stdout + run.stderr)
    counts = re.findall(r"\d+", skipped[1]) if skipped else []
    assert len(without_row) <= sum(map(int, counts)), without_row
    assert all(bool(row["error"]) != bool(row["verdict"]) for row in rows)
    assert [row["error"] for row in rows if row["name"].endswith("valid.png")] == [""]
