"""Volumes, archives and results that went wrong once, through the service and `predict` with the shipped model.

The reported files lie outside the repository, and only some machines have them. Other members of each kind are made in
code and read everywhere:

============================  ========================================================================================
Kind                          Other members
============================  ========================================================================================
gzip of volumes               `unit/imaging/containers/test_gzip_content.py`
transforms of volumes         `unit/imaging/containers/test_nifti_header.py`
padding of volumes            `unit/imaging/windowing/test_padding.py`
large volumes                 `unit/imaging/test_file_bytes.py`, `app/detection/test_upload.py`, here
names in a ZIP                `unit/imaging/containers/test_zip_names.py`
hospital discs                `unit/services/test_disc_study.py`, `unit/imaging/dicom/test_disc.py`
CSV and workbook              `unit/reporting/test_csv_export.py`, `test_xlsx_export.py`, here
names in the report           `unit/reporting/test_report_fonts.py`, here
targets that fail             `unit/services/test_output_paths.py`, here
============================  ========================================================================================
"""

import codecs
import gzip
import io
import shutil
import zipfile
from itertools import pairwise
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from braintumor.cli import main
from braintumor.enums import Verdict
from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.services.batch_predict import predict
from braintumor.services.file_groups import LocalFile, decode_group, group_files
from braintumor.settings import get_settings
from tests.helpers.predictions_csv import read_rows, read_slice_rows, read_workbook_rows
from tests.helpers.scan_files.pictures import draw_slice
from tests.helpers.scan_files.reported import (
    detection_of,
    probability_difference,
    read_path,
    read_paths,
    shown_scan,
)
from tests.helpers.scan_files.volumes import CASES

needs_cases = pytest.mark.skipif(not CASES.is_dir(), reason="the reported files are not on this machine")
NAMES = ("סריקת מוח.png", "مسح الدماغ.png", "脳_田中.png", "🧠 scan.png")


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped version."""
    return Detector.load("v4")


@pytest.fixture
def named_scans(tmp_path: Path) -> list[Path]:
    """Scans with names in four scripts."""
    paths = [tmp_path / name for name in NAMES]
    for number, path in enumerate(paths):
        Image.fromarray(draw_slice(number + 1, 128)).save(path)
    return paths


def voxels_of(name: str) -> np.ndarray:
    """Return the voxels of a reported volume, read with nothing of this project."""
    content = (CASES / name).read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    header = nibabel.Nifti1Header.from_fileobj(io.BytesIO(content), check=False)
    offset = int(header["vox_offset"])
    return np.frombuffer(content, header.get_data_dtype(), int(np.prod(header.get_data_shape())), offset).reshape(
        header.get_data_shape(), order="F"
    )


@needs_cases
@pytest.mark.parametrize(
    ("name", "warning", "slope"),
    [
        ("multi_member.nii.gz", "", 1),
        ("gz_nifti_without_suffix", "", 1),
        ("sform_zero.nii", "orientation matrix (sform) is invalid", 1),
        ("inter_nan.nii", "scl_inter is not a number", 2),
    ],
)
def test_reported_volume_gives_all_its_slices_in_radiological_orientation(detector, name, warning, slope):
    readings, _ = read_paths(detector, [CASES / name], 32)
    voxels = voxels_of(name) * slope
    # The first axial slice is empty.
    assert [reading.name for reading in readings] == [f"{CASES}/{name} [axial {number}]" for number in range(2, 34)]
    for index, reading in enumerate(readings, 1):
        assert detection_of(reading).spacing == (3, 3)
        np.testing.assert_array_equal(shown_scan(reading).raw, voxels[::-1, ::-1, index].T)
        assert [warning in text for text in detection_of(reading).warnings] == [True] * bool(warning)


@needs_cases
def test_volume_gives_the_answer_of_a_picture_of_its_slice(detector, tmp_path):
    """Also in a volume of 48 x 48 x 33 voxels, which is so coarse that v4 finds it unusual in any file."""
    for name in ("multi_member.nii.gz", "padding_-32768.nii.gz"):
        (reading, *_), _ = read_paths(detector, [CASES / name], 1)
        Image.fromarray(shown_scan(reading).to_uint8()).save(tmp_path / "slice.png")
        _, expected = read_path(detector, tmp_path / "slice.png")
        detection = detection_of(reading)
        assert detection.verdict is expected.verdict
        assert probability_difference(detection, expected) < 0.01
        assert detection.ood_score == pytest.approx(expected.ood_score, abs=0.01)


@needs_cases
def test_padding_of_a_volume_is_black_and_does_not_wash_out_its_slices(detector):
    (reading, *_), _ = read_paths(detector, [CASES / "padding_-32768.nii.gz"], 1)
    is_padding = voxels_of("padding_-32768.nii.gz")[::-1, ::-1, 1].T == -32768
    gray = shown_scan(reading).to_uint8()
    assert gray[is_padding].max() == 0
    assert gray[~is_padding].std() > 40
    assert gray.max() == 255


def write_large_volume(path: Path, side: int) -> Path:
    """Write a cube of float32 voxels with a head in the second axial slice; the rest is a hole in the file."""
    header = nibabel.Nifti1Header()
    header.set_data_shape((side, side, side))
    header.set_data_dtype(np.float32)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    header.set_sform(np.eye(4), 1)
    with path.open("wb") as file:
        file.write(header.binaryblock + bytes(4))
        file.seek(4 * side * side, io.SEEK_CUR)
        file.write(draw_slice(3, side)[::-1, ::-1].astype(np.float32).tobytes())
        file.truncate(352 + 4 * side**3)
    return path


def test_volume_of_256_float_cubed_is_read_and_one_over_its_limit_names_the_limit(detector, tmp_path):
    path = write_large_volume(tmp_path / "large.nii", 256)
    assert path.stat().st_size > 64 * 2**20
    (reading, *_), _ = read_paths(detector, [path], 1)
    assert reading.name == f"{path} [axial 2]"
    np.testing.assert_array_equal(shown_scan(reading).raw, draw_slice(3, 256))
    too_large = write_large_volume(tmp_path / "too_large.nii", 410)
    assert main(["predict", str(too_large), "--version", "v4", "--csv", str(tmp_path / "out.csv")]) == 1
    (row,) = read_rows(tmp_path / "out.csv")
    assert row["error"].startswith(f"{too_large}: ")
    assert "256 MB" in row["error"]


@needs_cases
@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("utf8_without_flag.zip", ["脳_utf8_no_flag.png", "München.png"]),
        ("japanese_cp932.zip", ["脳腫瘍_田中.png"]),
        ("hospital_disc.zip", ["DICOM/S0001/IM0001", "DICOM/S0001/IM0002"]),
    ],
)
def test_reported_archive_gives_rows_with_the_names_of_its_scans_and_no_others(name, members, tmp_path):
    table = tmp_path / "out.csv"
    assert main(["predict", str(CASES / name), "--version", "v4", "--csv", str(table)]) == 0
    rows = read_slice_rows(table)
    assert [row["name"] for row in rows] == [f"{CASES}/{name}/{member}" for member in members]
    assert {row["verdict"] for row in rows} == {Verdict.TUMOR_SUSPECTED}
    assert {row["error"] for row in rows} == {""}


@needs_cases
def test_folder_of_all_reported_files_loses_none(detector):
    """Also where files of unrelated cases share the identifier of their series."""
    paths = [path for path in sorted(CASES.iterdir()) if ".nii" not in path.name and "nifti" not in path.name]
    readings, skipped = read_paths(detector, [path for path in paths if path.suffix != ".md"])
    files = {reading.name.partition(" [")[0] for reading in readings}
    lone = {str(path) for path in paths if path.suffix not in (".md", ".zip")}
    assert lone <= files
    assert len(files - lone) == 5, "those in the archives"
    assert {str(scan.reason) for scan in skipped} == {"not a scan"}


@needs_cases
def test_upload_of_all_reported_files_has_no_failure():
    files = [LocalFile(str(path)) for path in sorted(CASES.iterdir()) if path.suffix != ".md"]
    groups = group_files(files, lambda file: file.name)
    scans = [scan for group in groups for scan in decode_group(group, get_settings())]
    assert [scan for scan in scans if isinstance(scan, FailedScan)] == []
    assert {scan.name.partition(" [")[0] for scan in scans} >= {file.name for file in files if ".zip" not in file.name}


@pytest.mark.parametrize("with_bom", [False, True])
def test_names_in_csv_and_workbook_are_readable_by_a_double_click(named_scans, with_bom, tmp_path):
    table, workbook = tmp_path / "out.csv", tmp_path / "out.xlsx"
    arguments = ["predict", *map(str, named_scans), "--version", "v4", "--csv", str(table), "--xlsx", str(workbook)]
    assert main(arguments + ["--bom"] * with_bom) == 0
    assert table.read_bytes().startswith(codecs.BOM_UTF8) == with_bom
    names = [str(path) for path in named_scans]
    assert [row["name"] for row in read_rows(table, "utf-8-sig")] == names
    rows = read_workbook_rows(workbook.read_bytes())
    assert [row["name"] for row in rows] == names
    assert all(isinstance(row["tumor_probability"], float) for row in rows), "a number, in any locale"


def test_report_shows_names_in_any_script_instead_of_codes(named_scans, tmp_path):
    report = tmp_path / "out.pdf"
    predict(named_scans, "v4", tmp_path / "out.csv", pdf_file=report)
    text = "".join(page.extract_text() for page in PdfReader(report).pages)
    assert "U+" not in text
    assert "田中" in text


@pytest.mark.parametrize("option", ["csv_file", "pdf_file", "xlsx_file", "zip_file"])
def test_target_that_cannot_be_written_fails_before_anything_is_read(named_scans, option, tmp_path, monkeypatch):
    (tmp_path / "taken").write_text("a file, not a folder", encoding="utf-8")
    monkeypatch.setattr(Detector, "load", lambda *_: pytest.fail("a model was loaded"))
    targets = {"csv_file": tmp_path / "out.csv"} | {option: tmp_path / "taken" / "out"}
    with pytest.raises(BrainTumorError, match="taken"):
        predict(named_scans, "v4", **targets)
    assert not (tmp_path / "out.csv").exists()


@needs_cases
def test_folder_and_archive_of_the_reported_disc_give_the_same_results(tmp_path):
    with zipfile.ZipFile(CASES / "hospital_disc.zip") as archive:
        archive.extractall(tmp_path / "disc")
    shutil.copy(CASES / "hospital_disc.zip", tmp_path)
    tables = []
    for source in ("disc", "disc.zip"):
        path = tmp_path / ("hospital_disc.zip" if source == "disc.zip" else source)
        assert main(["predict", str(path), "--version", "v4", "--csv", str(tmp_path / f"{source}.csv")]) == 0
        tables.append(
            [
                (row["name"].removeprefix(f"{path}/"), row["verdict"], row["tumor_probability"], row["error"])
                for row in read_slice_rows(tmp_path / f"{source}.csv")
            ]
        )
    assert all(first == second for first, second in pairwise(tables))
    assert len(tables[0]) == 2
