"""`predict`: one row per file, with an error for an unreadable one."""

import csv
import io
import shutil
import subprocess
import sys
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
from braintumor.services.batch_predict import predict
from braintumor.services.reading import ReadingService
from tests.golden.draw import SCANS
from tests.helpers.predictions_csv import read_rows, read_rows_without_time, read_workbook_rows

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Phantoms in two subfolders with equal file names, two unreadable files and one of another kind."""
    for number, folder in enumerate(("first", "second")):
        (tmp_path / "scans" / folder).mkdir(parents=True)
        for label in CLASSES:
            pixels = make_phantom(label, number, 96).pixels
            Image.fromarray(np.asarray(pixels)).save(tmp_path / "scans" / folder / f"{label}.png")
    (tmp_path / "scans" / "broken.jpg").write_bytes((SCANS / "l.jpg").read_bytes()[:-900])
    (tmp_path / "scans" / "text.jpg").write_text("no scan", encoding="utf-8")
    (tmp_path / "scans" / "notes.txt").write_text("skipped", encoding="utf-8")
    return tmp_path / "scans"


def test_every_file_gives_a_row_and_an_unreadable_one_an_error(scans, tmp_path, workspace):
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    rows = read_rows(tmp_path / "out.csv")
    assert [Path(row["name"]).relative_to(scans).as_posix() for row in rows] == [
        "broken.jpg", "text.jpg", *(f"{folder}/{label}.png" for folder in ("first", "second") for label in CLASSES)
    ]  # fmt: skip
    assert [bool(row["error"]) for row in rows] == [True, True] + [False] * 8
    assert rows[0]["error"].startswith(f"{scans}/broken.jpg: ")
    assert "cut short" in rows[0]["error"] or "truncated" in rows[0]["error"]
    assert "not a JPEG" in rows[1]["error"]
    assert all(len(row["sha256"]) == 64 for row in rows)
    assert (summary.failed, summary.verdicts.total(), summary.non_scans, summary.resumed) == (2, 8, 1, 0)
    assert not (tmp_path / "out.csv.part").exists()


def test_rows_match_the_detector(scans, tmp_path, workspace, detector: Detector):
    predict([scans / "first"], csv_file=tmp_path / "out.csv", settings=workspace)
    for row in read_rows(tmp_path / "out.csv"):
        detection = detector.detect(row["name"])
        assert row["verdict"] == detection.verdict
        assert row["p_glioma"] == f"{detection.probabilities[CLASSES[0]]:.6f}"


def test_rows_go_to_the_stream_without_a_csv_file(scans, workspace):
    stream = io.StringIO()
    predict([scans], settings=workspace, stream=stream)
    assert len(list(csv.DictReader(io.StringIO(stream.getvalue())))) == 10


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_any_number_of_workers_gives_the_same_rows(scans, tmp_path, workspace, workers):
    settings = workspace.model_copy(update={"workers": workers})
    predict([scans], csv_file=tmp_path / "one.csv", settings=workspace.model_copy(update={"workers": 1}))
    predict([scans], csv_file=tmp_path / "many.csv", settings=settings)
    assert read_rows_without_time(tmp_path / "many.csv") == read_rows_without_time(tmp_path / "one.csv")


def test_scans_with_equal_names_have_separate_overlays_which_are_not_read_as_scans(scans, tmp_path, workspace):
    folder = scans / "overlays"
    for _ in range(2):
        predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=folder, settings=workspace)
        assert len(list(folder.iterdir())) == 8
    assert len(read_rows(tmp_path / "out.csv")) == 10


def test_unwritable_csv_is_reported(scans, tmp_path, workspace):
    with pytest.raises(BrainTumorError, match="this is a folder"):
        predict([scans], csv_file=tmp_path, settings=workspace)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(BrainTumorError, match="cannot be written"):
        predict([scans], csv_file=tmp_path / "file" / "out.csv", settings=workspace)


def test_two_results_with_the_same_file_name_are_rejected(scans, tmp_path, workspace):
    same = tmp_path / "out"
    with pytest.raises(BrainTumorError, match="two results have the same file name"):
        predict([scans], csv_file=same, pdf_file=same, settings=workspace)


@pytest.mark.parametrize("target", ["csv_file", "xlsx_file", "pdf_file", "zip_file", "overlay_folder"])
def test_target_that_cannot_be_written_is_reported_before_anything_is_read(
    scans, tmp_path, workspace, monkeypatch, target
):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(ReadingService, "read", lambda *_: pytest.fail("a scan was read"))
    monkeypatch.setattr(Detector, "load", lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(BrainTumorError, match=r"out: cannot be written \("):
        predict([scans], settings=workspace, stream=io.StringIO(), **{target: tmp_path / "file" / "out"})


def test_scan_is_never_replaced_by_a_result(scans, workspace):
    scan = scans / "first" / "glioma.png"
    before = scan.read_bytes()
    with pytest.raises(BrainTumorError, match="this is one of the files to read"):
        predict([scans], csv_file=scan, settings=workspace)
    assert scan.read_bytes() == before


def test_csv_starts_with_a_byte_order_mark_if_asked_for(scans, tmp_path, workspace):
    shutil.copy(scans / "first" / "glioma.png", scans / "first" / "脳_שלום.png")
    predict([scans / "first"], csv_file=tmp_path / "plain.csv", settings=workspace)
    predict([scans / "first"], csv_file=tmp_path / "excel.csv", settings=workspace, with_bom=True)
    stream = io.StringIO()
    predict([scans / "first"], settings=workspace, stream=stream, with_bom=True)
    assert (tmp_path / "plain.csv").read_bytes().startswith(b"timestamp,")
    assert (tmp_path / "excel.csv").read_bytes().startswith(b"\xef\xbb\xbftimestamp,")
    assert stream.getvalue().startswith("\ufefftimestamp,")
    assert "脳_שלום.png" in (tmp_path / "excel.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize("has_csv", [True, False])
def test_workbook_has_the_rows_of_the_csv_in_the_same_order(scans, tmp_path, workspace, has_csv):
    csv_file, stream = tmp_path / "out.csv" if has_csv else None, io.StringIO()
    predict([scans], csv_file=csv_file, settings=workspace, stream=stream, xlsx_file=tmp_path / "new" / "out.xlsx")
    rows = read_rows(csv_file) if csv_file else list(csv.DictReader(io.StringIO(stream.getvalue())))
    cells = read_workbook_rows((tmp_path / "new" / "out.xlsx").read_bytes())
    assert [cell["name"] for cell in cells] == [row["name"] for row in rows]
    for row, cell in zip(rows, cells, strict=True):
        assert (cell["error"] or "") == row["error"]
        assert cell["p_glioma"] is None if row["error"] else cell["p_glioma"] == float(row["p_glioma"])
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["out.xlsx"]


def test_summary_counts_rows(scans, tmp_path, workspace):
    text = str(predict([scans], csv_file=tmp_path / "out.csv", settings=workspace))
    assert text.startswith("8 scans read by v1 in ")
    assert "2 files could not be read" in text
    assert "1 file skipped because of an unsupported format" in text
    assert text.endswith("no diagnosis or treatment may rest on it.")


def test_command_exits_0_if_every_file_was_read(scans, tmp_path, capsys):
    assert main(["predict", str(scans / "first"), "--csv", str(tmp_path / "out.csv")]) == 0
    assert capsys.readouterr().out.startswith("4 scans read")


def test_command_exits_1_and_lists_the_unreadable_files(scans, tmp_path, capsys):
    assert main(["predict", str(scans), "--csv", str(tmp_path / "out.csv")]) == 1
    errors = capsys.readouterr().err
    assert "broken.jpg: " in errors
    assert "text.jpg: this is not a JPEG" in errors


def test_command_writes_rows_to_standard_output_and_the_summary_to_standard_error(scans, capsys):
    assert main(["predict", str(scans / "first")]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith(to_csv([]))
    assert len(captured.out.splitlines()) == 5
    assert "4 scans read" in captured.err


def test_command_reports_that_no_file_was_found(tmp_path, capsys):
    assert main(["predict", str(tmp_path / "*.png")]) == 1
    assert "file found" in capsys.readouterr().err


def test_command_reports_an_unknown_model(scans, capsys):
    assert main(["predict", str(scans), "--version", "v9"]) == 1
    assert "'v9'" in capsys.readouterr().err


def test_closed_pipe_ends_the_run_without_a_traceback(scans):
    command = [sys.executable, "-c", "from braintumor.cli import main; main()", "predict", str(scans / "first")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        errors = process.stderr.read()
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors
