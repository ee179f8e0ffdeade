"""Bundle: everything of a reading as one ZIP: the CSV, the report, overlays of all scans; equal input, equal bytes."""

import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Self

from braintumor.inference.detection import Detection
from braintumor.inference.registry import ModelCard
from braintumor.reporting.csv_export import CsvRow, csv_row, error_row, to_csv
from braintumor.reporting.overlays import HEAT_MAP_OPACITY, overlay_name, overlay_png
from braintumor.reporting.pdf import render_pdf, report_time
from braintumor.reporting.report_scan import Failure, ReportEntry, ReportScans, render_report_scan
from braintumor.results.headline_metrics import HeadlineMetric

CSV_NAME: Final = "predictions.csv"
PDF_NAME: Final = "report.pdf"
OVERLAY_FOLDER: Final = "overlays"
# The earliest a ZIP can say. The real times stand in the CSV, and equal content stays an equal file.
_ZIP_TIMESTAMP: Final = (1980, 1, 1, 0, 0, 0)
_FILE_MODE: Final = 0o644 << 16


class ZipWriter:
    """A ZIP that grows scan by scan, so that the overlays of a large batch never lie in memory together."""

    def __init__(self, target: IO[bytes] | Path) -> None:
        self._zip = zipfile.ZipFile(target, "w")
        self._used_names: set[str] = set()

    def add_overlay(self, detection: Detection, png: bytes) -> str:
        """Add the overlay of a scan; returns its name in the ZIP, which no other has."""
        name = self._unique_name(overlay_name(detection.name, detection.sha256))
        self._write_member(f"{OVERLAY_FOLDER}/{name}", png, zipfile.ZIP_STORED)
        return name

    def finish(self, rows: Iterable[CsvRow], pdf: bytes) -> None:
        """Add the CSV and the report, and close the ZIP."""
        self._write_member(CSV_NAME, to_csv(rows).encode("utf-8"), zipfile.ZIP_DEFLATED)
        self._write_member(PDF_NAME, pdf, zipfile.ZIP_STORED)
        self._zip.close()

    def close(self) -> None:
        """Close the ZIP as it is."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_member(self, name: str, content: bytes, method: int) -> None:
        entry = zipfile.ZipInfo(name, _ZIP_TIMESTAMP)
        entry.external_attr = _FILE_MODE
        entry.create_system = 3  # as on Unix wherever it is made, or the bytes would differ
        self._zip.writestr(entry, content, method)

    def _unique_name(self, name: str) -> str:
        """The name, numbered where another one has it: file systems that ignore case would lose the second."""
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
    headline_metrics: Sequence[HeadlineMetric] = (),
    failed_scans: Sequence[Failure] = (),
    title: str = "",
    patient_label: str = "",
    opacity: float = HEAT_MAP_OPACITY,
    created: datetime | None = None,
) -> bytes:
    """Everything of a reading as a ZIP.

    Parameters
    ----------
    entries : iterable of ReportEntry
        May be a generator: each scan's arrays are let go once it is drawn.
    opacity : float from 0 to 1
        Of the heat maps in the overlays.
    card, measured, failures, title, patient_label, created
        As `pdf_report` takes them.

    Returns
    -------
    bytes
        A ZIP with `predictions.csv` (files that could not be read last), `report.pdf` and `overlays/*.png`.
    """
    content = BytesIO()
    gallery = ReportScans()
    with ZipWriter(content) as zipped:
        for entry in entries:
            gallery.add(render_report_scan(entry))
            zipped.add_overlay(entry.detection, overlay_png(entry.scan, entry.detection, opacity))
        blocks = gallery.to_list()
        time = created or report_time(blocks)
        rows = [csv_row(drawn.detection, drawn.finding) for drawn in blocks]
        rows += [error_row(f.name, f.problem, card.version, f.sha256, time) for f in failed_scans]
        pdf = render_pdf(
            blocks, card=card, headline_metrics=headline_metrics, failed_scans=failed_scans, title=title, patient_label=patient_label,
            created=time,
        )  # fmt: skip
        zipped.finish(rows, pdf)
    return content.getvalue()
