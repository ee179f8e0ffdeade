"""Downloads of the Detection page: the CSV with its fixed columns, PDF and ZIP."""

import csv
import hashlib
import io
from datetime import UTC, datetime

import pytest

from app_pages.components.detection import downloads
from app_pages.components.detection.downloads import (
    filename_timestamp,
    iter_report_entries,
    make_csv,
    make_pdf,
    make_xlsx,
    make_zip,
)
from braintumor.enums import CLASSES
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import COLUMNS
from braintumor.settings import Settings
from tests.app.conftest import Open, Upload
from tests.helpers.apptest.detection import BROKEN, csv_rows, reading_session, upload
from tests.helpers.predictions_csv import read_workbook_rows
from tests.helpers.readings import READINGS

FIRST_COLUMNS = (
    "timestamp,name,result,verdict,tumor_probability,p_glioma,p_meningioma,p_notumor,p_pituitary,ood_score,"
    "model_version,sha256,error"
)


def test_csv_has_the_documented_columns_and_values(artifacts: Settings, open_page: Open, scans: list[Upload]) -> None:
    before = datetime.now(UTC)
    app = upload(open_page, [*scans, BROKEN])
    rows = csv_rows(app)
    assert ",".join(COLUMNS).startswith(FIRST_COLUMNS)
    assert list(rows[0]) == list(COLUMNS)
    assert [row["name"] for row in rows] == [name for name, _, _ in [*scans, BROKEN]]
    for row, (_, data, _) in zip(rows, scans, strict=False):
        assert row["error"] == ""
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert sum(float(row[f"p_{c}"]) for c in CLASSES) == pytest.approx(1, abs=1e-5)
        assert datetime.fromisoformat(row["timestamp"]) >= before.replace(microsecond=before.microsecond // 1000 * 1000)
        assert row["model_version"] == "v1"
    assert "damaged" in rows[-1]["error"]
    assert rows[-1]["result"] == rows[-1]["verdict"] == ""
    latest = max(row["timestamp"] for row in rows[:-1])[:19].replace("-", "").replace(":", "")
    assert filename_timestamp(reading_session(app).readings()) == f"{latest}Z"


def test_csv_header_is_the_list_of_columns() -> None:
    assert make_csv([], {}).decode("utf-8-sig").splitlines() == [",".join(COLUMNS)]


def test_csv_of_the_page_opens_in_excel_with_the_letters_of_its_names() -> None:
    content = make_csv(READINGS, {})
    assert content.startswith(b"\xef\xbb\xbf")
    assert not content.startswith(b"\xef\xbb\xbfsep="), "other programs would read it as a row"


def test_workbook_has_the_rows_of_the_csv() -> None:
    table = list(csv.DictReader(io.StringIO(make_csv(READINGS, {}).decode("utf-8-sig"))))
    rows = read_workbook_rows(make_xlsx(READINGS, {}))
    assert [row["name"] for row in rows] == [row["name"] for row in table]
    assert list(rows[0]) == list(COLUMNS)
    assert [row["tumor_probability"] for row in rows] == [
        float(row["tumor_probability"]) if row["tumor_probability"] else None for row in table
    ]


def test_pdf_and_zip_are_created_from_a_batch_with_a_failure(
    artifacts: Settings, open_page: Open, scans: list[Upload]
) -> None:
    app = upload(open_page, [*scans, BROKEN])
    readings, detector = reading_session(app).readings(), Detector.load("v1")
    assert make_pdf(readings, {}, detector, "").startswith(b"%PDF")
    assert make_zip(readings, {}, detector, "").startswith(b"PK")


def test_large_files_are_prepared_with_progress_before_they_are_saved(
    artifacts: Settings, open_page: Open, scans: list[Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "MANY_SCANS", 2)
    drawn: list[str] = []
    monkeypatch.setattr(downloads._ProgressBar, "step", lambda bar: drawn.append(f"{bar._label} of {bar._count}"))
    app = upload(open_page, scans[:3])
    labels = [button.proto.label for button in app.get("download_button")]
    assert labels[:4] == ["CSV", "Excel", "PDF, this scan", "Overlay PNG"]
    assert "ZIP" not in labels
    app.button(key="prepare-zip").click().run()
    assert not app.exception
    assert drawn == ["ZIP of 3"] * 3
    assert "Save ZIP" in [button.proto.label for button in app.get("download_button")]
    app.text_area[0].set_value("Seen by two").run()
    assert "Save ZIP" not in [button.proto.label for button in app.get("download_button")], "it lacks the finding"


def test_report_decompresses_one_scan_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    decompressed: list[str] = []
    to_scan = CompressedScan.to_scan
    monkeypatch.setattr(CompressedScan, "to_scan", lambda scan: (decompressed.append(scan.stub.name), to_scan(scan))[1])
    entries = iter(iter_report_entries(READINGS, {}))
    assert next(entries).scan.name == "clear.png"
    assert decompressed == ["clear.png"]
