"""What a reader takes along: CSV, PDF, overlay and everything as ZIP, each made when it is asked for and not before."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import streamlit as st

from app_pages.components.detection.reader_findings import FindingsBySlice, finding_for
from app_pages.components.detection.readings import Reading
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, csv_row, format_timestamp, to_csv
from braintumor.reporting.overlays import overlay_name, overlay_png
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.zip_export import export_zip
from braintumor.results.headline_metrics import headline_metrics


def csv_rows(readings: Sequence[Reading], findings_by_slice: FindingsBySlice) -> list[CsvRow]:
    """Rows of the CSV, in the order of the upload."""
    return [
        csv_row(reading.detection, finding_for(reading, findings_by_slice))
        if reading.detection is not None
        else reading.row or {}
        for reading in readings
    ]


def make_csv(readings: Sequence[Reading], findings_by_slice: FindingsBySlice) -> bytes:
    """The CSV of all readings."""
    return to_csv(csv_rows(readings, findings_by_slice)).encode("utf-8")


def make_pdf(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, detector: Detector, patient_label: str
) -> bytes:
    """The report on some readings."""
    return pdf_report(
        _iter_report_entries(readings, findings_by_slice), card=detector.artifact.card, failed_scans=_failed_scans(readings),
        headline_metrics=headline_metrics(detector.artifact), patient_label=patient_label,
    )  # fmt: skip


def make_zip(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, detector: Detector, patient_label: str
) -> bytes:
    """Table, report and overlays of all readings."""
    return export_zip(
        _iter_report_entries(readings, findings_by_slice), card=detector.artifact.card, failed_scans=_failed_scans(readings),
        headline_metrics=headline_metrics(detector.artifact), patient_label=patient_label,
    )  # fmt: skip


def make_overlay(reading: Reading) -> bytes:
    """The overlay of one scan as PNG; nothing where there is none."""
    if reading.compressed_scan is None or reading.detection is None:
        return b""
    return overlay_png(reading.compressed_scan.to_scan(), reading.detection)


def _iter_report_entries(readings: Sequence[Reading], findings_by_slice: FindingsBySlice) -> Iterator[ReportEntry]:
    """One after the other: unpacked together, the pictures of a large series would fill the memory."""
    for reading in readings:
        if reading.compressed_scan is not None and reading.detection is not None:
            yield ReportEntry(
                reading.compressed_scan.to_scan(), reading.detection, finding_for(reading, findings_by_slice)
            )


def _failed_scans(readings: Sequence[Reading]) -> list[FailedScan]:
    return [FailedScan(r.name, r.error, r.sha256 or None) for r in readings if r.detection is None]


def filename_timestamp(readings: Sequence[Reading]) -> str:
    """When the last of them was read, as a part of a file name."""
    moments = [r.detection.timestamp for r in readings if r.detection is not None]
    last = format_timestamp(max(moments, default=datetime.now(UTC)))
    return f"{last[:19].replace(':', '').replace('-', '')}Z"


def show_downloads(
    readings: Sequence[Reading], selected: Reading, findings_by_slice: FindingsBySlice, detector: Detector
) -> None:
    """The buttons."""
    patient = st.text_input(
        "Name on the report", key="patient", max_chars=120, placeholder="Left empty, a report names nobody",
        help="Printed on PDF reports as you type it. It is kept in memory for this visit only.",
    )  # fmt: skip
    # Made when the button is pressed, of what the reader has said by then.
    when, kept, said = filename_timestamp(readings), tuple(readings), findings_by_slice
    with st.container(horizontal=True, gap="small"):
        _show_download_button("CSV", lambda: make_csv(kept, said), f"braintumor-{when}.csv", "text/csv")
        if any(reading.detection for reading in kept):
            _show_download_button(
                "PDF, all", lambda: make_pdf(kept, said, detector, patient), f"braintumor-{when}.pdf", _PDF_MIME
            )
            _show_download_button(
                "ZIP", lambda: make_zip(kept, said, detector, patient), f"braintumor-{when}.zip", _ZIP_MIME
            )
        if selected.detection is not None:
            one = f"braintumor-{selected.sha256[:8]}-{when}.pdf"
            _show_download_button(
                "PDF, this scan", lambda: make_pdf((selected,), said, detector, patient), one, _PDF_MIME
            )
            _show_download_button(
                "Overlay PNG", lambda: make_overlay(selected), overlay_name(selected.name, selected.sha256), "image/png"
            )


_PDF_MIME = "application/pdf"
_ZIP_MIME = "application/zip"


def _show_download_button(label: str, make: Callable[[], bytes], name: str, mime: str) -> None:
    key = f"download-{label.lower().replace(',', '').replace(' ', '-')}"
    st.download_button(label, make, name, mime, key=key, on_click="ignore", icon=":material/download:")
