"""Bundle: one ZIP with everything in it, names that are safe and unique anywhere, equal bytes for equal input."""

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

from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.overlays import draw_scan_overlay, overlay_name
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.zip_export import export_zip
from tests.helpers.report_entries import Failed, entries, entry

SHA = "0123456789abcdef" * 4


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.testzip() is None
        return {info.filename: zipped.read(info) for info in zipped.infolist()}


def test_it_holds_table_report_and_an_overlay_of_each_scan(detector):
    batch = [*entries(detector, 3), entry(detector, 3, finding=ReaderFinding("agree", "Fine."))]
    failures = [Failed("x.jpg", "x.jpg: empty.", SHA)]
    files = files_of(export_zip(batch, card=detector.artifact.card, failed_scans=failures))
    rows = list(csv.DictReader(io.StringIO(files["predictions.csv"].decode())))
    assert [row["name"] for row in rows] == [*(f"scan-{n}.png" for n in range(4)), "x.jpg"]
    assert (rows[3]["reader_finding"], rows[3]["reader_comment"]) == ("agree", "Fine.")
    assert (rows[4]["error"], rows[4]["sha256"]) == ("x.jpg: empty.", SHA)
    assert files["report.pdf"].startswith(b"%PDF-")
    assert len(files) == 2 + 4
    for one in batch:
        name = f"overlays/{overlay_name(one.detection.name, one.detection.sha256)}"
        with Image.open(io.BytesIO(files[name])) as image:
            np.testing.assert_array_equal(np.asarray(image), draw_scan_overlay(one.scan, one.detection))
            assert image.info == {}


def test_equal_input_gives_equal_bytes(detector):
    batch, failures = entries(detector, 2), [Failed("x.jpg", "x.jpg: empty.")]
    card = detector.artifact.card
    assert export_zip(batch, card=card, failed_scans=failures) == export_zip(
        iter(batch), card=card, failed_scans=failures
    )


def test_scans_of_one_name_and_content_do_not_overwrite_each_other(detector):
    one = entry(detector, name="Scan.png")
    batch = [one, one, ReportEntry(one.scan, replace(one.detection, name="scan.PNG"))]
    names = [name for name in files_of(export_zip(batch, card=detector.artifact.card)) if name.startswith("overlays/")]
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
def test_an_overlay_is_named_after_its_scan(name, stem):
    assert overlay_name(name, SHA) == f"{stem}-01234567.png"


@given(st.text(max_size=300))
def test_whatever_a_scan_is_called_its_overlay_has_a_safe_name(name):
    safe = overlay_name(name, SHA)
    assert safe.endswith("-01234567.png")
    assert not re.search(r'[<>:"/\\|?*\x00-\x1f\x7f]', safe)
    assert not safe.startswith((".", "-", " "))
    assert len(safe.encode("utf-8", errors="surrogatepass")) <= 120
    assert safe.isprintable()
