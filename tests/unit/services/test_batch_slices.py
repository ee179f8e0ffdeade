"""`predict` on files with several slices: a row per slice, after the images."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from braintumor.datasets.phantoms import make_phantom
from braintumor.enums import CLASSES
from braintumor.services.batch_predict import predict
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading
from tests.helpers.phi_dicom import make_phi_dicom
from tests.helpers.predictions_csv import read_rows, read_rows_without_time
from tests.helpers.versions.tiny import write_masked_version

pytestmark = pytest.mark.usefixtures("detector")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Two images, a DICOM series whose file names are not in slice order, an archive and a volume."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number, name in enumerate(("b.png", "a.png")):
        make_image(number).save(folder / name)
    for number, name in enumerate(("IM3", "IM1", "IM2")):
        make_phi_dicom(number).save_as(folder / name, enforce_file_format=True)
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for number, name in enumerate(("x/scan.png", "y/scan.png", "notes.txt")):
            content = io.BytesIO()
            make_image(number + 2).save(content, "PNG")
            archive.writestr(name, content.getvalue() if name.endswith("png") else b"text")
    values = np.stack([np.asarray(make_image(number)).astype(np.float32) for number in range(40)])
    nibabel.Nifti1Image(values, np.diag([2.0, 0.5, 0.5, 1.0])).to_filename(folder / "brain.nii.gz")
    return folder


def make_image(number: int) -> Image.Image:
    return Image.fromarray(np.asarray(make_phantom(CLASSES[number % len(CLASSES)], number, 64).pixels)).convert("L")


def test_every_slice_is_a_row_images_first_and_series_in_slice_order(scans, tmp_path, workspace):
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    rows = read_rows(tmp_path / "out.csv")
    levels = [row["level"] for row in rows]
    assert levels.count("study") == len(summary.studies) == 2
    assert {row["name"].removeprefix(f"{scans}/") for row in rows[-2:]} == {"brain.nii.gz", "Series, 3 slices"}
    names = [row["name"].removeprefix(f"{scans}/") for row in rows if row["level"] != "study"]
    assert names[:2] == ["a.png", "b.png"]
    assert [name for name in names if name.startswith("IM")] == ["IM3", "IM1", "IM2"]
    assert [name for name in names if name.startswith("all.zip")] == [
        "all.zip/x/scan.png", "all.zip/y/scan.png", "all.zip/notes.txt"
    ]  # fmt: skip
    volume = [name for name in names if name.startswith("brain.nii.gz [")]
    assert {name.partition(" [")[2].split()[0] for name in volume} == {"axial", "coronal", "sagittal"}
    assert len(names) == len(set(names)) == summary.verdicts.total() + summary.failed
    assert [row["name"] for row in rows if row["error"]].count(f"{scans}/all.zip/notes.txt")


def test_sizes_are_in_millimetres_if_the_file_contains_the_pixel_size(scans, tmp_path, workspace):
    write_masked_version(workspace.outputs)
    predict([scans], "v4", csv_file=tmp_path / "out.csv", settings=workspace)
    rows = {row["name"].removeprefix(f"{scans}/"): row for row in read_rows(tmp_path / "out.csv")}
    slices = [row for name, row in rows.items() if name.startswith("IM") and row["area_pixels"]]
    assert slices
    for row in slices:
        assert float(row["area_mm2"]) == pytest.approx(int(row["area_pixels"]) * 0.25)
    assert rows["a.png"]["area_mm2"] == rows["a.png"]["diameter_mm"] == ""


def test_each_slice_has_its_own_overlay(scans, tmp_path, workspace):
    summary = predict([scans], csv_file=tmp_path / "out.csv", overlay_folder=tmp_path / "overlays", settings=workspace)
    assert len(list((tmp_path / "overlays").iterdir())) == summary.verdicts.total()


def test_run_stopped_within_a_volume_resumes_to_the_same_rows(scans, tmp_path, workspace, monkeypatch):
    predict([scans], csv_file=tmp_path / "whole.csv", settings=workspace)
    read = ReadingService.read

    def read_five(self: ReadingService, *args: Any) -> Iterator[Reading]:
        for number, reading in enumerate(read(self, *args)):
            if number == 5:
                raise KeyboardInterrupt
            yield reading

    with monkeypatch.context() as patch:
        patch.setattr(ReadingService, "read", read_five)
        with pytest.raises(KeyboardInterrupt):
            predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    summary = predict([scans], csv_file=tmp_path / "out.csv", settings=workspace)
    assert summary.resumed == 2, "the two images"
    assert read_rows_without_time(tmp_path / "out.csv") == read_rows_without_time(tmp_path / "whole.csv")


def test_report_and_zip_contain_every_slice(scans, tmp_path, workspace):
    pdf_file, zip_file = tmp_path / "new" / "out.pdf", tmp_path / "new" / "out.zip"
    sources = [scans / "all.zip", scans / "IM1"]
    summary = predict(sources, csv_file=tmp_path / "out.csv", settings=workspace, pdf_file=pdf_file, zip_file=zip_file)
    text = " ".join(page.extract_text() for page in PdfReader(pdf_file).pages)
    assert "slice 1 of 1" in text
    with zipfile.ZipFile(zip_file) as archive:
        names = archive.namelist()
        assert archive.read("report.pdf") == pdf_file.read_bytes()
        assert archive.read("predictions.csv") == (tmp_path / "out.csv").read_bytes()
    assert len([name for name in names if name.startswith("overlays/")]) == summary.verdicts.total() == 3
    assert sorted(path.name for path in pdf_file.parent.iterdir()) == ["out.pdf", "out.zip"], "no partial file is left"


def test_stopped_run_leaves_no_partial_report(scans, tmp_path, workspace, monkeypatch):
    def stop(*_args: Any) -> Iterator[Reading]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(ReadingService, "read", stop)
    outputs = {"pdf_file": tmp_path / "r.pdf", "zip_file": tmp_path / "r.zip"}
    with pytest.raises(KeyboardInterrupt):
        predict([scans], settings=workspace, stream=io.StringIO(), **outputs)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".r", "r"))] == []
