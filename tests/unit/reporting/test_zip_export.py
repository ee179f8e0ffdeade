"""ZIP archive of all results: content, safe and unique names, equal bytes for equal input."""

import csv
import io
import re
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from braintumor.imaging import FailedScan
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.overlays import draw_scan_overlay, overlay_name
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.zip_export import export_zip
from tests.helpers.predictions_csv import read_workbook_rows
from tests.helpers.report_entries import make_entries, make_entry

SHA = "0123456789abcdef" * 4


def read_zip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_archive_contains_table_report_and_an_overlay_of_each_scan(detector):
    batch = [*make_entries(detector, 3), make_entry(detector, 3, finding=ReaderFinding("agree", "Fine."))]
    failures = [FailedScan("x.jpg", "x.jpg: empty.", SHA)]
    files = read_zip(export_zip(batch, card=detector.artifact.card, failed_scans=failures))
    rows = list(csv.DictReader(io.StringIO(files["predictions.csv"].decode())))
    assert [row["name"] for row in rows] == [*(f"scan-{n}.png" for n in range(4)), "x.jpg"]
    assert (rows[3]["reader_finding"], rows[3]["reader_comment"]) == ("agree", "Fine.")
    assert (rows[4]["error"], rows[4]["sha256"]) == ("x.jpg: empty.", SHA)
    assert files["report.pdf"].startswith(b"%PDF-")
    assert [row["name"] for row in read_workbook_rows(files["predictions.xlsx"])] == [row["name"] for row in rows]
    assert len(files) == 3 + 4
    for entry in batch:
        name = f"overlays/{overlay_name(entry.detection.name, entry.detection.sha256)}"
        with Image.open(io.BytesIO(files[name])) as image:
            np.testing.assert_array_equal(np.asarray(image), draw_scan_overlay(entry.scan, entry.detection))
            assert image.info == {}


def test_equal_input_gives_equal_bytes(detector):
    batch, failures = make_entries(detector, 2), [FailedScan("x.jpg", "x.jpg: empty.")]
    card = detector.artifact.card
    assert export_zip(batch, card=card, failed_scans=failures) == export_zip(
        iter(batch), card=card, failed_scans=failures
    )


def test_scans_with_the_same_name_and_content_get_different_names(detector):
    entry = make_entry(detector, name="Scan.png")
    batch = [entry, entry, ReportEntry(entry.scan, replace(entry.detection, name="scan.PNG"))]
    names = [name for name in read_zip(export_zip(batch, card=detector.artifact.card)) if name.startswith("overlays/")]
    assert len({name.casefold() for name in names}) == 3


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("scan.jpg", "scan"),
        ("volume.nii.gz [axial 12]", "volume.nii.gz [axial 12]"),
        ("a.zip/x/scan.jpg", "scan"),
        ("../../etc/passwd", "passwd"),
        (r"C:\scans\CON.png", "_CON"),
        ("...", "scan"),
        ("-rf.png", "rf"),
        ("a\nb?.png", "a_b_"),
    ],
)
def test_overlay_is_named_after_its_scan(name, stem):
    assert overlay_name(name, SHA) == f"{stem}-01234567.png"


@given(st.text(max_size=300))
def test_overlay_name_is_safe_for_any_scan_name(name):
    result = overlay_name(name, SHA)
    assert result.endswith("-01234567.png")
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', result)
    assert not result.startswith((".", "-", " "))
    assert len(result.encode("utf-8", errors="surrogatepass")) <= 120
    assert result.isprintable()
