"""Report files: the PDF and the ZIP of a run of predict, gathered reading by reading, written whole or not at all."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow
from braintumor.reporting.pdf import render_pdf
from braintumor.reporting.report_scan import ReportScans
from braintumor.reporting.zip_export import ZipWriter
from braintumor.results.headline_metrics import headline_metrics
from braintumor.services.reading import ReadingResult


@dataclass(frozen=True, slots=True)
class OutputPaths:
    """Where the results go.

    Attributes
    ----------
    csv : Path, optional
        The rows. While it works they lie in the same name + `.part`; started again after being stopped, it takes those
        of pictures over and reads only what is missing. Without it the rows go to a stream as they are made.
    overlays : Path, optional
        Folder for a picture of each scan with its heat map and outline.
    pdf, bundle : Path, optional
        The report, and everything as one ZIP. They hold a picture of each scan, so for them nothing is taken over.
    patient_label : str
        Printed on each page of the report; nothing else in it says whose scans they are.
    """

    csv_file: Path | None = None
    overlay_folder: Path | None = None
    pdf_file: Path | None = None
    zip_file: Path | None = None
    patient_label: str = ""

    def check(self) -> None:
        """Say now what could not be written later.

        Raises
        ------
        BrainTumorError
            A file is a folder, or two of them are the same.
        """
        files = [file for file in (self.csv_file, self.pdf_file, self.zip_file) if file]
        for file in files:
            if file.is_dir():
                raise BrainTumorError(f"{file}: this is a folder. Give the name of a file in it.")
        if len({file.resolve() for file in files}) < len(files):
            raise BrainTumorError(f"{files[0]}: the same file is named twice. Give each result a file of its own.")


class ReportWriter:
    """Takes readings as they come; `finish` writes the files that were asked for."""

    def __init__(
        self, detector: Detector, pdf_file: Path | None, zip_file: Path | None, patient_label: str = ""
    ) -> None:
        self.is_enabled = bool(pdf_file or zip_file)
        self._detector, self._pdf_file, self._patient_label = detector, pdf_file, patient_label
        self._report_scans = ReportScans()
        self._rows: list[CsvRow] = []
        self._zip_file, self._zip_writer = zip_file, None
        if zip_file:
            zip_file.parent.mkdir(parents=True, exist_ok=True)
            self._zip_writer = ZipWriter(_partial_path(zip_file))

    def add(self, result: ReadingResult) -> None:
        """Take one reading in."""
        if not self.is_enabled:
            return
        self._rows.append(result.row)
        if result.report_scan:
            self._report_scans.add(result.report_scan)
            if self._zip_writer and result.overlay:
                self._zip_writer.add_overlay(result.report_scan.detection, result.overlay)

    def finish(self) -> None:
        """Set the report and put the files in their places."""
        if not self.is_enabled:
            return
        content = render_pdf(
            self._report_scans.to_list(),
            card=self._detector.artifact.card,
            headline_metrics=headline_metrics(self._detector.artifact),
            failed_scans=_failed_scans(self._rows),
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
        """Leave no half file behind."""
        if self._zip_writer:
            self._zip_writer.close()
        for target in (self._pdf_file, self._zip_file):
            if target:
                _partial_path(target).unlink(missing_ok=True)


def _failed_scans(rows: Sequence[CsvRow]) -> list[FailedScan]:
    return [
        FailedScan(str(row["name"]), str(row["error"]), None if row["sha256"] is None else str(row["sha256"]))
        for row in rows
        if row["error"]
    ]


def _partial_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")
