"""Downloads: CSV, Excel workbook, PDF, overlay and ZIP, created when a button is pressed; large ones with progress."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app_pages.components.detection.reader_findings import FindingsBySlice, finding_for
from app_pages.components.explanation.language import report_explanations
from app_pages.components.shared.storage import log_export
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, format_timestamp, study_row, to_csv_bytes
from braintumor.reporting.overlays import overlay_name, overlay_png
from braintumor.reporting.pdf import pdf_report
from braintumor.reporting.report_scan import ReportEntry
from braintumor.reporting.study.context import ReportSelection
from braintumor.reporting.study.result import StudyResult
from braintumor.reporting.xlsx_export import XLSX_MIME, to_xlsx
from braintumor.reporting.zip_export import export_zip
from braintumor.results.headline_metrics import headline_metrics
from braintumor.services.reading_result import Reading
from braintumor.text import describe_seconds

_PDF_MIME = "application/pdf"
_ZIP_MIME = "application/zip"
# More scans than this take so long that the page shows how far it is.
MANY_SCANS = 100
PREPARED_KEY = "prepared-download"


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
    on_scan: Callable[[], None] = lambda: None,
) -> bytes:
    """Create the PDF report of some readings; `on_scan` is called for each scan that it shows."""
    shown = shown_in_pdf(readings, findings_by_slice, studies)
    return pdf_report(
        iter_report_entries(shown, findings_by_slice, on_scan), card=detector.artifact.card,
        failed_scans=_failed_scans(readings), headline_metrics=headline_metrics(detector.artifact),
        patient_label=patient_label, studies=studies, explanations=report_explanations(detector.artifact),
    )  # fmt: skip


def make_zip(
    readings: Sequence[Reading],
    findings_by_slice: FindingsBySlice,
    detector: Detector,
    patient_label: str,
    studies: Sequence[StudyResult] = (),
    on_scan: Callable[[], None] = lambda: None,
) -> bytes:
    """Create a ZIP of CSV, report and overlays; `on_scan` is called for each scan."""
    return export_zip(
        iter_report_entries(readings, findings_by_slice, on_scan), card=detector.artifact.card,
        failed_scans=_failed_scans(readings), headline_metrics=headline_metrics(detector.artifact),
        patient_label=patient_label, studies=studies, explanations=report_explanations(detector.artifact),
    )  # fmt: skip


def make_overlay(reading: Reading) -> bytes:
    """Create the overlay of one scan as PNG; empty for an unreadable file."""
    if reading.compressed_scan is None or reading.detection is None:
        return b""
    return overlay_png(reading.compressed_scan.to_scan(), reading.detection)


def shown_in_pdf(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, studies: Sequence[StudyResult]
) -> list[Reading]:
    """Return the readings that the PDF report lists: of studies, only some slices."""
    selection = ReportSelection(studies)
    return [
        reading
        for reading in readings
        if reading.detection is not None and selection.shows(reading.detection, finding_for(reading, findings_by_slice))
    ]


def iter_report_entries(
    readings: Sequence[Reading], findings_by_slice: FindingsBySlice, on_scan: Callable[[], None] = lambda: None
) -> Iterator[ReportEntry]:
    """Yield the scans of a report one at a time: a large series decompressed at once would not fit in memory."""
    for reading in readings:
        if reading.compressed_scan is not None and reading.detection is not None:
            on_scan()
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
        persist_state="session",
        help="Printed on PDF reports as you type it. It stays in memory for this session only.",
    )  # fmt: skip
    # The files are created when a button is pressed, with the findings at that moment.
    name, batch = f"braintumor-{filename_timestamp(readings)}", tuple(readings)
    status = st.container()
    with st.container(horizontal=True, gap="small"):
        _show_download_button("CSV", lambda: make_csv(batch, findings_by_slice, studies), f"{name}.csv", "text/csv")
        _show_download_button("Excel", lambda: make_xlsx(batch, findings_by_slice, studies), f"{name}.xlsx", XLSX_MIME)
        if any(reading.detection for reading in batch):
            state = (
                label,
                tuple((each.id, each.version, each.row["timestamp"]) for each in batch),
                repr(findings_by_slice),
            )
            _show_large_download(
                "PDF, all",
                lambda on_scan: make_pdf(batch, findings_by_slice, detector, label, studies, on_scan),
                f"{name}.pdf", _PDF_MIME, len(shown_in_pdf(batch, findings_by_slice, studies)), state, status,
            )  # fmt: skip
            _show_large_download(
                "ZIP",
                lambda on_scan: make_zip(batch, findings_by_slice, detector, label, studies, on_scan),
                f"{name}.zip", _ZIP_MIME, sum(each.detection is not None for each in batch), state, status,
            )  # fmt: skip
        if selected.detection is not None:
            _show_download_button(
                "PDF, this scan", lambda: make_pdf((selected,), findings_by_slice, detector, label),
                f"{name.replace('-', f'-{selected.sha256[:8]}-', 1)}.pdf", _PDF_MIME,
            )  # fmt: skip
            _show_download_button(
                "Overlay PNG", lambda: make_overlay(selected), overlay_name(selected.name, selected.sha256), "image/png"
            )


def _show_large_download(
    label: str, make: Callable[[Callable[[], None]], bytes], name: str, mime: str, count: int, state: object,
    status: DeltaGenerator,
) -> None:  # fmt: skip
    """Draw a download button; for many scans first one that creates the file and shows how far it is.

    Parameters
    ----------
    make : callable
        Creates the file; it is given a function to call for each scan.
    count : int
        Number of scans.
    state : object
        What the file contains; a file of another state is created again.
    """
    if count <= MANY_SCANS:
        _show_download_button(label, lambda: make(lambda: None), name, mime)
        return
    prepared = st.session_state.get(PREPARED_KEY)
    if prepared is None or prepared[0] != (label, state):
        key = f"prepare-{label.lower().replace(', ', '-')}"
        if not st.button(f"Prepare {label}", key=key, icon=":material/hourglass_empty:", help=f"{count:,} scans"):
            return
        with status:
            prepared = (label, state), make(_ProgressBar(label, count).step)
        st.session_state[PREPARED_KEY] = prepared
    _show_download_button(label, prepared[1], name, mime, f"Save {label}")


class _ProgressBar:
    """Progress of a file that is being created, with the time left."""

    def __init__(self, label: str, count: int) -> None:
        self._label, self._count, self._done, self._start = label, count, 0, time.monotonic()
        self._bar = st.progress(0.0, f"{label}: 0 of {count:,} scans")

    def step(self) -> None:
        """Count a scan."""
        self._done = min(self._done + 1, self._count)
        left = (time.monotonic() - self._start) / self._done * (self._count - self._done)
        text = f"{self._label}: {self._done:,} of {self._count:,} scans, {describe_seconds(left)} left"
        self._bar.progress(self._done / self._count, text)


def _show_download_button(label: str, make: Callable[[], bytes] | bytes, name: str, mime: str, title: str = "") -> None:
    key = f"download-{label.lower().replace(',', '').replace(' ', '-')}"
    content = log_export(make, name.rpartition(".")[2])
    st.download_button(title or label, content, name, mime, key=key, on_click="ignore", icon=":material/download:")
