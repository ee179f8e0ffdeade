"""Downloads: CSV, Excel workbook, PDF, overlay and ZIP, created only when a button is pressed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import streamlit as st

from app_pages.components.detection.reader_findings import FindingsBySlice, finding_for
from app_pages.components.shared.storage import note_export
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, format_timestamp, study_row, to_csv_bytes
from braintumor.reporting.overlays import overlay_name, overlay_png
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.study_result import StudyResult
from braintumor.reporting.xlsx_export import XLSX_MIME, to_xlsx
from braintumor.reporting.zip_export import export_zip
from braintumor.results.headline_metrics import headline_metrics
from braintumor.services.reading_result import Reading

_PDF_MIME = "application/pdf"
_ZIP_MIME = "application/zip"


def csv_rows(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, studies: Sequence[StudyResult] = ()
) -> list[CsvRow]:
    """Return the rows of the CSV, in upload order, and then those of studies."""
    rows = [reading.row_with(finding_for(reading, findings_by_slice)) for reading in readings]
    return [*rows, *map(study_row, studies)]


def make_csv(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, studies: Sequence[StudyResult] = ()
) -> bytes:
    """Create the CSV of all readings, with a byte order mark for Excel."""
    return to_csv_bytes(csv_rows(readings, findings_by_slice, studies), with_bom=True)


def make_xlsx(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, studies: Sequence[StudyResult] = ()
) -> bytes:
    """Create the Excel workbook of all readings, which opens in columns in every locale."""
    return to_xlsx(csv_rows(readings, findings_by_slice, studies))


def make_pdf(
    readings: Sequence[Reading],
    findings_by_slice: FindingsBySlice,
    detector: Detector,
    patient_label: str,
    studies: Sequence[StudyResult] = (),
) -> bytes:
    """Create the PDF report of some readings."""
    return pdf_report(
        iter_report_entries(readings, findings_by_slice), card=detector.artifact.card,
        failed_scans=_failed_scans(readings), headline_metrics=headline_metrics(detector.artifact),
        patient_label=patient_label, studies=studies,
    )  # fmt: skip


def make_zip(
    readings: Sequence[Reading],
    findings_by_slice: FindingsBySlice,
    detector: Detector,
    patient_label: str,
    studies: Sequence[StudyResult] = (),
) -> bytes:
    """Create a ZIP of CSV, report and overlays."""
    return export_zip(
        iter_report_entries(readings, findings_by_slice), card=detector.artifact.card,
        failed_scans=_failed_scans(readings), headline_metrics=headline_metrics(detector.artifact),
        patient_label=patient_label, studies=studies,
    )  # fmt: skip


def make_overlay(reading: Reading) -> bytes:
    """Create the overlay of one scan as PNG; empty for an unreadable file."""
    if reading.compressed_scan is None or reading.detection is None:
        return b""
    return overlay_png(reading.compressed_scan.to_scan(), reading.detection)


def iter_report_entries(readings: Sequence[Reading], findings_by_slice: FindingsBySlice) -> Iterator[ReportEntry]:
    """Yield the scans of a report one at a time: a large series decompressed at once would not fit in memory."""
    for reading in readings:
        if reading.compressed_scan is not None and reading.detection is not None:
            scan = reading.compressed_scan.to_scan()
            yield ReportEntry(scan, reading.detection, finding_for(reading, findings_by_slice))


def _failed_scans(readings: Sequence[Reading]) -> list[FailedScan]:
    return [reading.failed_scan for reading in readings if reading.failed_scan is not None]


def filename_timestamp(readings: Sequence[Reading]) -> str:
    """Return the time of the latest reading as part of a file name."""
    times = [reading.detection.timestamp for reading in readings if reading.detection is not None]
    latest = format_timestamp(max(times, default=datetime.now(UTC)))
    return f"{latest[:19].replace(':', '').replace('-', '')}Z"


def show_downloads(
    readings: Sequence[Reading],
    selected: Reading,
    findings_by_slice: FindingsBySlice,
    detector: Detector,
    studies: Sequence[StudyResult] = (),
) -> None:
    """Draw the label of the report and the download buttons."""
    label = st.text_input(
        "Patient label on the report", key="patient", max_chars=120, placeholder="Empty: no patient is named",
        help="Printed on PDF reports as you type it. It stays in memory for this session only.",
    )  # fmt: skip
    # The files are created when a button is pressed, with the findings at that moment.
    name, batch = f"braintumor-{filename_timestamp(readings)}", tuple(readings)
    with st.container(horizontal=True, gap="small"):
        _show_download_button("CSV", lambda: make_csv(batch, findings_by_slice, studies), f"{name}.csv", "text/csv")
        _show_download_button("Excel", lambda: make_xlsx(batch, findings_by_slice, studies), f"{name}.xlsx", XLSX_MIME)
        if any(reading.detection for reading in batch):
            _show_download_button(
                "PDF, all",
                lambda: make_pdf(batch, findings_by_slice, detector, label, studies),
                f"{name}.pdf",
                _PDF_MIME,
            )
            _show_download_button(
                "ZIP", lambda: make_zip(batch, findings_by_slice, detector, label, studies), f"{name}.zip", _ZIP_MIME
            )
        if selected.detection is not None:
            _show_download_button(
                "PDF, this scan", lambda: make_pdf((selected,), findings_by_slice, detector, label),
                f"{name.replace('-', f'-{selected.sha256[:8]}-', 1)}.pdf", _PDF_MIME,
            )  # fmt: skip
            _show_download_button(
                "Overlay PNG", lambda: make_overlay(selected), overlay_name(selected.name, selected.sha256), "image/png"
            )


def _show_download_button(label: str, make: Callable[[], bytes], name: str, mime: str) -> None:
    key = f"download-{label.lower().replace(',', '').replace(' ', '-')}"
    noted = note_export(make, name.rpartition(".")[2])
    st.download_button(label, noted, name, mime, key=key, on_click="ignore", icon=":material/download:")
