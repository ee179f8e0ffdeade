"""ZIP archive of all results: CSV, Excel workbook, PDF report and overlays; equal input gives equal bytes."""

import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Self

from braintumor.explanation.report import ReportExplanations
from braintumor.imaging import FailedScan
from braintumor.inference.detection import Detection
from braintumor.inference.model_card import ModelCard
from braintumor.reporting.csv_export import CsvRow, csv_row, error_row, study_row, to_csv_bytes
from braintumor.reporting.overlays import HEAT_MAP_OPACITY, overlay_name, overlay_png
from braintumor.reporting.pdf import render_pdf, report_time
from braintumor.reporting.report_scan import ReportEntry, ReportScans, render_report_scan
from braintumor.reporting.study.context import ReportSelection
from braintumor.reporting.study.result import StudyResult
from braintumor.reporting.xlsx_export import to_xlsx

if TYPE_CHECKING:
    from braintumor.results.headline_metrics import HeadlineMetric

CSV_NAME: Final = "predictions.csv"
XLSX_NAME: Final = "predictions.xlsx"
PDF_NAME: Final = "report.pdf"
OVERLAY_FOLDER: Final = "overlays"
# The earliest time of the ZIP format, for equal bytes. The CSV contains the real times.
_ZIP_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o644 << 16
_UNIX: Final = 3  # on every system, for equal bytes


class ZipWriter:
    """A ZIP archive that is written scan by scan, so that only one overlay is in memory."""

    def __init__(self, target: IO[bytes] | Path) -> None:
        self._zip = zipfile.ZipFile(target, "w")
        self._used_names: set[str] = set()

    def add_overlay(self, detection: Detection, png: bytes) -> str:
        """Add the overlay of a scan and return its unique name in the archive."""
        name = self._unique_name(overlay_name(detection.name, detection.sha256))
        self._write_member(f"{OVERLAY_FOLDER}/{name}", png, zipfile.ZIP_STORED)
        return name

    def finish(self, rows: Iterable[CsvRow], pdf: bytes) -> None:
        """Add the CSV, the workbook and the report, and close the archive."""
        rows = list(rows)
        self._write_member(CSV_NAME, to_csv_bytes(rows), zipfile.ZIP_DEFLATED)
        self._write_member(XLSX_NAME, to_xlsx(rows), zipfile.ZIP_STORED)
        self._write_member(PDF_NAME, pdf, zipfile.ZIP_STORED)
        self._zip.close()

    def close(self) -> None:
        """Close the archive as it is."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_member(self, name: str, content: bytes, method: int) -> None:
        member = zipfile.ZipInfo(name, _ZIP_TIMESTAMP)
        member.external_attr = _FILE_MODE
        member.create_system = _UNIX
        self._zip.writestr(member, content, method)

    def _unique_name(self, name: str) -> str:
        """Append a number to a name that is taken, ignoring case as some file systems do."""
        stem, number = name.removesuffix(".png"), 1
        while name.casefold() in self._used_names:
            number += 1
            name = f"{stem}-{number}.png"
        self._used_names.add(name.casefold())
        return name


def export_zip(
    entries: Iterable[ReportEntry],
    *,
    card: ModelCard,
    headline_metrics: "Sequence[HeadlineMetric]" = (),
    failed_scans: Sequence[FailedScan] = (),
    studies: Sequence[StudyResult] = (),
    title: str = "",
    patient_label: str = "",
    opacity: float = HEAT_MAP_OPACITY,
    created: datetime | None = None,
    explanations: ReportExplanations | None = None,
) -> bytes:
    """Create a ZIP archive of all results.

    Parameters
    ----------
    entries : iterable of ReportEntry
        A generator keeps only one scan's arrays in memory.
    opacity : float from 0 to 1
        Opacity of the heat maps in the overlays.
    card, headline_metrics, failed_scans, studies, title, patient_label, created, explanations
        See `pdf_report`.

    Returns
    -------
    bytes
        A ZIP with `predictions.csv` and `predictions.xlsx` (unreadable files and studies last), `report.pdf` and
        `overlays/*.png`.
    """
    content = BytesIO()
    collected, selection, rows = ReportScans(), ReportSelection(studies), []
    with ZipWriter(content) as archive:
        for entry in entries:
            rows.append(csv_row(entry.detection, entry.finding))
            if selection.shows(entry.detection, entry.finding):
                collected.add(render_report_scan(entry))
            archive.add_overlay(entry.detection, overlay_png(entry.scan, entry.detection, opacity))
        report_scans = collected.to_list()
        time = created or report_time(report_scans, studies)
        rows += [error_row(failed.name, failed.problem, card.version, failed.sha256, time) for failed in failed_scans]
        rows += [study_row(result) for result in studies]
        pdf = render_pdf(
            report_scans, card=card, headline_metrics=headline_metrics, failed_scans=failed_scans,
            studies=studies, title=title,
            patient_label=patient_label, created=time, explanations=explanations,
        )  # fmt: skip
        archive.finish(rows, pdf)
    return content.getvalue()
