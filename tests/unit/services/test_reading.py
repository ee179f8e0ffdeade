"""Slices: predict reads every slice of what holds several, a row each, after the pictures, and goes on after a stop."""

import csv
import io
import zipfile
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.services import batch_predict as predict_module
from braintumor.services.batch_predict import predict
from tests.helpers.phi_dicom import planted
from tests.helpers.versions.tiny import write_masked_version

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two pictures, a DICOM series whose files lie in another order than its slices, an archive and a volume."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, name in enumerate(("b.png", "a.png")):
        picture(number).save(folder / name)
    for number, name in enumerate(("IM3", "IM1", "IM2")):
        planted(number).save_as(folder / name, enforce_file_format=True)
    with zipfile.ZipFile(folder / "all.zip", "w") as zipped:
        for number, name in enumerate(("x/scan.png", "y/scan.png", "notes.txt")):
            content = io.BytesIO()
            picture(number + 2).save(content, "PNG")
            zipped.writestr(name, content.getvalue() if name.endswith("png") else b"text")
    values = np.stack([np.asarray(picture(number)).astype(np.float32) for number in range(40)])
    nibabel.Nifti1Image(values, np.diag([2.0, 0.5, 0.5, 1.0])).to_filename(folder / "brain.nii.gz")
    return folder


def picture(number: int) -> Image.Image:
    return Image.fromarray(np.asarray(make_phantom(CLASSES[number % len(CLASSES)], number, 64).pixels)).convert("L")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def timeless(path: Path) -> list[dict[str, str]]:
    return [{name: cell for name, cell in row.items() if name != "timestamp"} for row in rows_of(path)]


def test_every_slice_is_a_row_pictures_first_and_a_series_in_slice_order(scans, tmp_path, workspace):
    outcome = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    names = [row["name"].removeprefix(f"{scans}/") for row in rows_of(tmp_path / "out.csv")]
    assert names[:2] == ["a.png", "b.png"]
    assert [name for name in names if name.startswith("IM")] == ["IM3", "IM1", "IM2"]
    assert [name for name in names if name.startswith("all.zip")] == [
        "all.zip/x/scan.png", "all.zip/y/scan.png", "all.zip/notes.txt"
    ]  # fmt: skip
    volume = [name for name in names if name.startswith("brain.nii.gz [")]
    assert {name.partition(" [")[2].split()[0] for name in volume} == {"axial", "coronal", "sagittal"}
    assert len(names) == len(set(names)) == outcome.verdicts.total() + outcome.failed
    assert [row["name"] for row in rows_of(tmp_path / "out.csv") if row["error"]].count(f"{scans}/all.zip/notes.txt")


def test_size_is_in_millimetres_where_the_file_gives_it(scans, tmp_path, workspace):
    write_masked_version(workspace.outputs)
    predict([scans], "v4", csv_file=tmp_path / "out.csv", settings=workspace)
    rows = {row["name"].removeprefix(f"{scans}/"): row for row in rows_of(tmp_path / "out.csv")}
    slices = [row for name, row in rows.items() if name.startswith("IM") and row["area_pixels"]]
    assert slices
    for row in slices:
        assert float(row["area_mm2"]) == pytest.approx(int(row["area_pixels"]) * 0.25)
    assert rows["a.png"]["area_mm2"] == rows["a.png"]["diameter_mm"] == ""


def test_each_slice_has_an_overlay_of_its_own(scans, tmp_path, workspace):
    outcome = predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=tmp_path / "overlays", settings=workspace)
    drawn = list((tmp_path / "overlays").iterdir())
    assert len(drawn) == outcome.verdicts.total()


def test_a_run_stopped_among_the_slices_ends_with_the_same_rows(scans, tmp_path, workspace, monkeypatch):
    predict([scans], csv_file=tmp_path / "whole.csv", settings=workspace)
    genuine = predict_module.read_all

    def stopping(*arguments, **options):
        for number, read in enumerate(genuine(*arguments, **options)):
            if number == 5:
                raise KeyboardInterrupt
            yield read

    with monkeypatch.context() as patch:
        patch.setattr(predict_module, "read_all", stopping)
        with pytest.raises(KeyboardInterrupt):
            predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    outcome = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert outcome.resumed == 2, "the pictures"
    assert timeless(tmp_path / "out.csv") == timeless(tmp_path / "whole.csv")


def test_report_and_archive_hold_every_slice(scans, tmp_path, workspace):
    pdf, everything = tmp_path / "new" / "out.pdf", tmp_path / "new" / "out.zip"
    sources = [scans / "all.zip", scans / "IM1"]
    outcome = predict(sources, csv_file=tmp_path / "out.csv", settings=workspace, pdf_file=pdf, zip_file=everything)
    text = " ".join(page.extract_text() for page in PdfReader(pdf).pages)
    assert "slice 1 of 1" in text
    with zipfile.ZipFile(everything) as zipped:
        names = zipped.namelist()
        assert zipped.read("report.pdf") == pdf.read_bytes()
        assert zipped.read("predictions.csv") == (tmp_path / "out.csv").read_bytes()
    assert len([name for name in names if name.startswith("overlays/")]) == outcome.verdicts.total() == 3
    assert sorted(path.name for path in pdf.parent.iterdir()) == ["out.pdf", "out.zip"], "nothing half-made is left"


def test_a_stopped_run_leaves_no_half_report(scans, tmp_path, workspace, monkeypatch):
    def stopping(*_arguments, **_options):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(predict_module, "read_all", stopping)
    with pytest.raises(KeyboardInterrupt):
        predict(
            [scans], settings=workspace, stream=io.StringIO(), pdf_file=tmp_path / "r.pdf", zip_file=tmp_path / "r.zip"
        )
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".r", "r"))] == []
