"""Predict: a row for every file whatever happens to one, and a run that was killed ends as if it had not been."""

import csv
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from braintumor.cli import main
from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.reporting.csv_export import to_csv
from braintumor.services import batch_predict as predict_module
from braintumor.services.batch_predict import predict
from tests.golden.draw import SCANS
from tests.helpers.versions.tiny import write_version

pytestmark = pytest.mark.usefixtures("detector")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def timeless(path: Path) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name != "timestamp"} for row in rows_of(path)]


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder of drawn scans in two subfolders, one name in both, and files that are no scans."""
    for number, folder in enumerate(("first", "second")):
        (tmp_path / "scans" / folder).mkdir(parents=True)
        for label in CLASSES:
            pixels = make_phantom(label, number, 96).pixels
            Image.fromarray(np.asarray(pixels)).save(tmp_path / "scans" / folder / f"{label}.png")
    (tmp_path / "scans" / "broken.jpg").write_bytes((SCANS / "l.jpg").read_bytes()[:-900])
    (tmp_path / "scans" / "text.jpg").write_text("no scan", encoding="utf-8")
    (tmp_path / "scans" / "notes.txt").write_text("not looked at", encoding="utf-8")
    return tmp_path / "scans"


def test_every_file_gives_a_row_and_a_broken_file_costs_only_its_own(scans, tmp_path, workspace):
    outcome = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    rows = rows_of(tmp_path / "out.csv")
    assert [Path(row["name"]).relative_to(scans).as_posix() for row in rows] == [
        "broken.jpg", "text.jpg", *(f"{folder}/{label}.png" for folder in ("first", "second") for label in CLASSES)
    ]  # fmt: skip
    assert [bool(row["error"]) for row in rows] == [True, True] + [False] * 8
    assert "truncated or damaged" in rows[0]["error"]
    assert "not a JPEG, PNG" in rows[1]["error"]
    assert all(len(row["sha256"]) == 64 for row in rows)
    assert (outcome.failed, outcome.verdicts.total(), outcome.skipped, outcome.resumed) == (2, 8, 1, 0)
    assert not (tmp_path / "out.csv.part").exists()


def test_rows_say_what_the_detector_says(scans, tmp_path, workspace, detector: Detector):
    predict([scans / "first"], csv_file=tmp_path / "out.csv", settings=workspace)
    for row in rows_of(tmp_path / "out.csv"):
        found = detector.detect(row["name"])
        assert row["verdict"] == found.verdict
        assert row["p_glioma"] == f"{found.probabilities[CLASSES[0]]:.6f}"


def test_without_a_file_the_rows_go_to_the_stream(scans, workspace):
    stream = io.StringIO()
    predict([scans], settings=workspace, stream=stream)
    assert len(list(csv.DictReader(io.StringIO(stream.getvalue())))) == 10


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_same_rows(scans, tmp_path, workspace, workers):
    settings = workspace.model_copy(update={"workers": workers})
    predict([scans], csv_file=tmp_path / "one.csv", settings=workspace.model_copy(update={"workers": 1}))
    predict([scans], csv_file=tmp_path / "many.csv", settings=settings)
    assert timeless(tmp_path / "many.csv") == timeless(tmp_path / "one.csv")


def test_overlays_of_equal_names_are_all_there_and_not_read_again(scans, tmp_path, workspace):
    folder = scans / "overlays"
    for _ in range(2):
        predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=folder, settings=workspace)
        assert len(list(folder.iterdir())) == 8
    assert len(rows_of(tmp_path / "out.csv")) == 10


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the next run fail in the middle, after so many rows, as if the program had been stopped there."""
    genuine = predict_module.read_all

    def stopping(*arguments, **options):
        for number, read in enumerate(genuine(*arguments, **options)):
            if number == count:
                raise KeyboardInterrupt
            yield read

    monkeypatch.setattr(predict_module, "read_all", stopping)


def stopped_run(scans, target, workspace, count, **options):
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, count)
        with pytest.raises(KeyboardInterrupt):
            predict([scans], csv_file=target, settings=workspace, **options)
    assert not target.exists()


def test_a_run_that_was_stopped_goes_on_where_it_was(scans, tmp_path, workspace):
    predict([scans], csv_file=tmp_path / "whole.csv", settings=workspace)
    stopped_run(scans, tmp_path / "out.csv", workspace, 6)
    kept = (tmp_path / "out.csv.part").read_text(encoding="utf-8").splitlines()[2:]
    assert len(kept) == 6
    outcome = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert outcome.resumed == 6
    assert timeless(tmp_path / "out.csv") == timeless(tmp_path / "whole.csv")
    assert (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()[1:7] == kept, (
        "rows are taken over as they are"
    )


def test_a_file_that_changed_meanwhile_is_read_again(scans, tmp_path, workspace):
    stopped_run(scans, tmp_path / "out.csv", workspace, 6)
    shutil.copy(SCANS / "l.jpg", scans / "broken.jpg")
    outcome = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert outcome.resumed == 5
    assert rows_of(tmp_path / "out.csv")[0]["error"] == ""


def test_a_model_that_changed_meanwhile_reads_everything_again(scans, tmp_path, workspace):
    stopped_run(scans, tmp_path / "out.csv", workspace, 6)
    shutil.rmtree(workspace.outputs / "v1")
    write_version(workspace.outputs, temperature=3.0)
    assert predict([scans], csv_file=tmp_path / "out.csv", settings=workspace).resumed == 0
    assert len(rows_of(tmp_path / "out.csv")) == 10


def test_a_missing_overlay_is_drawn_when_a_run_goes_on(scans, tmp_path, workspace):
    stopped_run(scans, tmp_path / "out.csv", workspace, 6)
    outcome = predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=tmp_path / "overlays", settings=workspace)
    assert outcome.resumed == 2, "the two that cannot be read have no overlay to miss"
    assert len(list((tmp_path / "overlays").iterdir())) == 8


def test_a_killed_process_started_again_ends_with_the_same_rows_and_reads_none_twice(tmp_path, workspace):
    folder = tmp_path / "many"
    folder.mkdir()
    for number, label in enumerate(CLASSES):  # large ones, so that there is a middle to kill it in
        large = Image.fromarray(np.asarray(make_phantom(label, number, 48).pixels)).resize((900, 900))
        large.save(folder / f"{number}-00.png", compress_level=1)
        for copy in range(1, 30):
            shutil.copy(folder / f"{number}-00.png", folder / f"{number}-{copy:02}.png")
    target, part = tmp_path / "out.csv", tmp_path / "out.csv.part"
    command = [sys.executable, "-c", "import sys; from braintumor.cli import main; sys.exit(main())"]
    command += ["predict", str(folder), "--csv", str(target)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and (not part.exists() or part.read_bytes().count(b"\n") < 20):
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "killed in the middle, not after the end"
    assert not target.exists()
    before = part.read_text(encoding="utf-8").splitlines()[2:]
    assert 10 < len(before) < 120

    again = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0, again.stderr
    assert "taken over" in again.stdout
    assert not part.exists()
    lines = target.read_text(encoding="utf-8").splitlines()[1:]
    assert lines[: len(before) - 1] == before[:-1], "rows made before the kill stand as they were"
    predict([folder], csv_file=tmp_path / "whole.csv", settings=workspace)
    assert timeless(target) == timeless(tmp_path / "whole.csv")


def test_a_csv_that_cannot_be_written_is_said_before_the_work_starts(scans, tmp_path, workspace):
    with pytest.raises(BrainTumorError, match="this is a folder"):
        predict([scans], csv_file=tmp_path, settings=workspace)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BrainTumorError, match="cannot be written"):
        predict([scans], csv_file=tmp_path / "file" / "out.csv", settings=workspace)


def test_the_summary_counts_what_was_done(scans, tmp_path, workspace):
    said = str(predict([scans], csv_file=tmp_path / "out.csv", settings=workspace))
    assert said.startswith("8 scans read by v1 in ")
    assert "2 files could not be read" in said
    assert "1 file of other kinds passed over" in said
    assert said.endswith("no diagnosis or treatment may rest on it.")


def test_the_command_exits_0_when_all_was_read(scans, tmp_path, capsys):
    assert main(["predict", str(scans / "first"), "--csv", str(tmp_path / "out.csv")]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("4 scans read")


def test_the_command_exits_1_and_names_the_files_that_failed(scans, tmp_path, capsys):
    assert main(["predict", str(scans), "--csv", str(tmp_path / "out.csv")]) == 1
    captured = capsys.readouterr()
    assert "broken.jpg: the file is truncated or damaged" in captured.err
    assert "text.jpg: this is not a JPEG, PNG" in captured.err


def test_the_command_writes_rows_to_standard_output_and_the_summary_beside_it(scans, capsys):
    assert main(["predict", str(scans / "first")]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(to_csv([]))
    assert len(captured.out.splitlines()) == 5
    assert "4 scans read" in captured.err


def test_the_command_says_when_there_is_nothing_to_read(tmp_path, capsys):
    assert main(["predict", str(tmp_path / "*.png")]) == 1
    assert "file is there" in capsys.readouterr().err


def test_the_command_says_when_there_is_no_such_model(scans, capsys):
    assert main(["predict", str(scans), "--version", "v9"]) == 1
    assert "There is no model 'v9'" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_ends_the_run_quietly(scans):
    command = [sys.executable, "-c", "from braintumor.cli import main; main()", "predict", str(scans / "first")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        complaints = process.stderr.read()
    assert "Traceback" not in complaints
    assert "BrokenPipe" not in complaints
