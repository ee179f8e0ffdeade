"""Writer of the PDF report, the ZIP archive and the Excel workbook of a batch, each complete or not at all."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, study_row
from braintumor.reporting.report_scan import ReportScans
from braintumor.reporting.study.result import StudyResult
from braintumor.services.output_paths import partial_path
from braintumor.services.reading_result import Reading

if TYPE_CHECKING:
    from braintumor.reporting.zip_export import ZipWriter


class ReportWriter:
    """Collects readings and writes the PDF report and the ZIP archive, each complete or not at all."""

    def __init__(
        self,
        detector: Detector,
        pdf_file: Path | None,
        zip_file: Path | None,
        patient_label: str = "",
        language: str = "en",
    ) -> None:
        self._language = language
        self.is_enabled = bool(pdf_file or zip_file)
        self._detector, self._pdf_file, self._patient_label = detector, pdf_file, patient_label
        self._report_scans = ReportScans()
        self._rows: list[CsvRow] = []
        self._failed_scans: list[FailedScan] = []
        self._zip_file = zip_file
        self._zip_writer = _open_zip(zip_file) if zip_file else None

    def add(self, reading: Reading) -> None:
        """Add one reading."""
        if not self.is_enabled:
            return
        self._rows.append(reading.row)
        if reading.failed_scan is not None:
            self._failed_scans.append(reading.failed_scan)
        if reading.report_scan:
            self._report_scans.add(reading.report_scan)
            if self._zip_writer and reading.overlay:
                self._zip_writer.add_overlay(reading.report_scan.detection, reading.overlay)

    def finish(self, studies: Sequence[StudyResult] = ()) -> None:
        """Create the report, with a page per study, and move the files to their final paths."""
        if not self.is_enabled:
            return
        from braintumor.explanation import read_accuracy
        from braintumor.explanation.report import ReportExplanations
        from braintumor.reporting.pdf import render_pdf
        from braintumor.results.headline_metrics import headline_metrics

        content = render_pdf(
            self._report_scans.to_list(),
            card=self._detector.artifact.card,
            headline_metrics=headline_metrics(self._detector.artifact),
            failed_scans=self._failed_scans,
            studies=studies,
            patient_label=self._patient_label,
            explanations=ReportExplanations(self._language, read_accuracy(self._detector.artifact)),
        )
        if self._pdf_file:
            self._pdf_file.parent.mkdir(parents=True, exist_ok=True)
            partial_path(self._pdf_file).write_bytes(content)
            partial_path(self._pdf_file).replace(self._pdf_file)
        if self._zip_file and self._zip_writer:
            self._zip_writer.finish([*self._rows, *map(study_row, studies)], content)
            partial_path(self._zip_file).replace(self._zip_file)

    def close(self) -> None:
        """Delete unfinished files."""
        if self._zip_writer:
            self._zip_writer.close()
        for file in (self._pdf_file, self._zip_file):
            if file:
                partial_path(file).unlink(missing_ok=True)


def _open_zip(zip_file: Path) -> "ZipWriter":
    from braintumor.reporting.zip_export import ZipWriter

    zip_file.parent.mkdir(parents=True, exist_ok=True)
    return ZipWriter(partial_path(zip_file))


def write_workbook(rows: Iterable[CsvRow], xlsx_file: Path) -> None:
    """Write the rows of a batch as an Excel workbook, complete or not at all."""
    from braintumor.reporting.xlsx_export import write_xlsx

    xlsx_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_xlsx(rows, partial_path(xlsx_file))
        partial_path(xlsx_file).replace(xlsx_file)
    finally:
        partial_path(xlsx_file).unlink(missing_ok=True)
