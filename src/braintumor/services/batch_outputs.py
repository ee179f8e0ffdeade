"""Output files of a batch: where they go, and the writer of the PDF report and the ZIP archive."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow
from braintumor.reporting.report_scan import ReportScans
from braintumor.services.reading import Reading

if TYPE_CHECKING:
    from braintumor.reporting.zip_export import ZipWriter


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results of a batch go.

    Attributes
    ----------
    csv_file : Path, optional
        The CSV file; without it, rows are written to a stream as they are produced. Until the batch is complete, rows
        are in `<csv_file>.part`: the next run reuses the rows of images in it and reads only the missing files.
    overlay_folder : Path, optional
        Folder of the overlays, one PNG per scan.
    pdf_file, zip_file : Path, optional
        The PDF report, and a ZIP archive of all results. Both contain an image of each scan, so no rows are reused.
    patient_label : str
        Text on each page of the report. Nothing else in the report identifies the patient.
    """

    csv_file: Path | None = None
    overlay_folder: Path | None = None
    pdf_file: Path | None = None
    zip_file: Path | None = None
    patient_label: str = ""

    def check(self) -> None:
        """Check the paths before the work starts.

        Raises
        ------
        BrainTumorError
            A path is a folder, or two paths are the same.
        """
        files = [file for file in (self.csv_file, self.pdf_file, self.zip_file) if file]
        for file in files:
            if file.is_dir():
                raise BrainTumorError(f"{file}: this is a folder. Give the name of a file in it.")
        if len({file.resolve() for file in files}) < len(files):
            raise BrainTumorError(f"{files[0]}: two results have the same file name. Give each a different one.")


class ReportWriter:
    """Collects readings and writes the PDF report and the ZIP archive, each complete or not at all."""

    def __init__(
        self, detector: Detector, pdf_file: Path | None, zip_file: Path | None, patient_label: str = ""
    ) -> None:
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

    def finish(self) -> None:
        """Create the report and move the files to their final paths."""
        if not self.is_enabled:
            return
        from braintumor.reporting.pdf import render_pdf
        from braintumor.results.headline_metrics import headline_metrics

        content = render_pdf(
            self._report_scans.to_list(),
            card=self._detector.artifact.card,
            headline_metrics=headline_metrics(self._detector.artifact),
            failed_scans=self._failed_scans,
            patient_label=self._patient_label,
        )
        if self._pdf_file:
            self._pdf_file.parent.mkdir(parents=True, exist_ok=True)
            _partial_path(self._pdf_file).write_bytes(content)
            _partial_path(self._pdf_file).replace(self._pdf_file)
        if self._zip_file and self._zip_writer:
            self._zip_writer.finish(self._rows, content)
            _partial_path(self._zip_file).replace(self._zip_file)

    def close(self) -> None:
        """Delete unfinished files."""
        if self._zip_writer:
            self._zip_writer.close()
        for file in (self._pdf_file, self._zip_file):
            if file:
                _partial_path(file).unlink(missing_ok=True)


def _open_zip(zip_file: Path) -> "ZipWriter":
    from braintumor.reporting.zip_export import ZipWriter

    zip_file.parent.mkdir(parents=True, exist_ok=True)
    return ZipWriter(_partial_path(zip_file))


def _partial_path(file: Path) -> Path:
    return file.with_name(f".{file.name}.{os.getpid()}.part")
