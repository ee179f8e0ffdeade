"""A `predict` run that is stopped or killed resumes to the same CSV as an uninterrupted run."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.services.batch_predict import predict
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading
from tests.golden.draw import SCANS
from tests.helpers.predictions_csv import read_rows, read_rows_without_time, read_workbook_rows
from tests.helpers.versions.tiny import write_version

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two unreadable files and eight phantoms."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(8):
        pixels = make_phantom(CLASSES[number % 4], number, 96).pixels
        Image.fromarray(np.asarray(pixels)).save(folder / f"scan-{number}.png")
    (folder / "broken.jpg").write_bytes((SCANS / "l.jpg").read_bytes()[:-900])
    (folder / "other.jpg").write_text("no scan", encoding="utf-8")
    return folder


def run_and_stop(scans: Path, csv_file: Path, settings: Any, count: int) -> None:
    """Run `predict` and interrupt it after this many rows."""
    read = ReadingService.read

    def read_some(self: ReadingService, *args: Any) -> Iterator[Reading]:
        for number, reading in enumerate(read(self, *args)):
            if number == count:
                raise KeyboardInterrupt
            yield reading

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReadingService, "read", read_some)
        with pytest.raises(KeyboardInterrupt):
            predict([scans], csv_file=csv_file, settings=settings)
    assert not csv_file.exists()


def test_stopped_run_resumes_where_it_stopped(scans, tmp_path, workspace):
    predict([scans], csv_file=tmp_path / "whole.csv", settings=workspace)
    run_and_stop(scans, tmp_path / "out.csv", workspace, 6)
    lines = (tmp_path / "out.csv.part").read_text(encoding="utf-8").splitlines()[2:]
    assert len(lines) == 6
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert summary.resumed == 6
    assert read_rows_without_time(tmp_path / "out.csv") == read_rows_without_time(tmp_path / "whole.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1:7] == lines, "rows are reused unchanged"


def test_resumed_rows_are_in_the_workbook_too(scans, tmp_path, workspace):
    run_and_stop(scans, tmp_path / "out.csv", workspace, 6)
    xlsx_file = tmp_path / "out.xlsx"
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace, xlsx_file=xlsx_file, with_bom=True)
    assert summary.resumed == 6
    names = [row["name"] for row in read_rows(tmp_path / "out.csv", encoding="utf-8-sig")]
    assert [row["name"] for row in read_workbook_rows(xlsx_file.read_bytes())] == names


def test_file_changed_since_is_read_again(scans, tmp_path, workspace):
    run_and_stop(scans, tmp_path / "out.csv", workspace, 6)
    shutil.copy(SCANS / "l.jpg", scans / "broken.jpg")
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert summary.resumed == 5
    assert read_rows(tmp_path / "out.csv")[0]["error"] == ""


def test_everything_is_read_again_with_a_changed_model(scans, tmp_path, workspace):
    run_and_stop(scans, tmp_path / "out.csv", workspace, 6)
    shutil.rmtree(workspace.outputs / "v1")
    write_version(workspace.outputs, temperature=3.0)
    assert predict([scans], csv_file=tmp_path / "out.csv", settings=workspace).resumed == 0
    assert len(read_rows(tmp_path / "out.csv")) == 10


def test_missing_overlay_is_drawn_on_resume(scans, tmp_path, workspace):
    run_and_stop(scans, tmp_path / "out.csv", workspace, 6)
    summary = predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=tmp_path / "overlays", settings=workspace)
    assert summary.resumed == 2, "the two unreadable files have no overlay"
    assert len(list((tmp_path / "overlays").iterdir())) == 8


def test_killed_process_resumes_to_the_same_rows_and_reads_none_twice(tmp_path, workspace):
    folder = tmp_path / "many"
    folder.mkdir()
    for number, label in enumerate(CLASSES):  # large images, so that there is time to kill the process
        large = Image.fromarray(np.asarray(make_phantom(label, number, 48).pixels)).resize((900, 900))
        large.save(folder / f"{number}-00.png", compress_level=1)
        for copy in range(1, 30):
            shutil.copy(folder / f"{number}-00.png", folder / f"{number}-{copy:02}.png")
    csv_file, part = tmp_path / "out.csv", tmp_path / "out.csv.part"
    command = [sys.executable, "-c", "import sys; from braintumor.cli import main; sys.exit(main())"]
    command += ["predict", str(folder), "--csv", str(csv_file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 1800
        while time.monotonic() < deadline and (not part.exists() or part.read_bytes().count(b"\n") < 20):
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "killed before the end"
    assert not csv_file.exists()
    before = part.read_text(encoding="utf-8").splitlines()[2:]
    assert 10 < len(before) < 120

    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    assert again.returncode == 0, again.stderr
    assert "reused from the previous run" in again.stdout
    assert not part.exists()
    lines = csv_file.read_text(encoding="utf-8").splitlines()[1:]
    assert lines[: len(before) - 1] == before[:-1], "rows from before the kill are unchanged"
    predict([folder], csv_file=tmp_path / "whole.csv", settings=workspace)
    assert read_rows_without_time(csv_file) == read_rows_without_time(tmp_path / "whole.csv")
