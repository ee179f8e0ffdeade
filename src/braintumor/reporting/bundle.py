"""Bundle: everything of a reading as one ZIP: the CSV, the report, overlays of all scans; equal input, equal bytes."""

import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO, Final, Self

from braintumor.inference.artifact import Card
from braintumor.inference.detection import Detection
from braintumor.reporting.block import block
from braintumor.reporting.csv import Row, csv_row, error_row, to_csv
from braintumor.reporting.entry import Failure, ReportEntry
from braintumor.reporting.gallery import Gallery
from braintumor.reporting.measured import Measured
from braintumor.reporting.overlays import OPACITY, overlay_name, overlay_png
from braintumor.reporting.pdf import report_time, set_report

CSV: Final = "predictions.csv"
PDF: Final = "report.pdf"
OVERLAYS: Final = "overlays"
# The earliest a ZIP can say. The real times stand in the CSV, and equal content stays an equal file.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_READABLE: Final = 0o644 << 16


class BundleFile:
    """A ZIP that grows scan by scan, so that the overlays of a large batch never lie in memory together."""

    def __init__(self, target: IO[bytes] | Path) -> None:
        self._zip = zipfile.ZipFile(target, "w")
        self._used: set[str] = set()

    def add_overlay(self, detection: Detection, png: bytes) -> str:
        """Add the overlay of a scan; returns its name in the ZIP, which no other has."""
        name = self._unused(overlay_name(detection.name, detection.sha256))
        self._add(f"{OVERLAYS}/{name}", png, zipfile.ZIP_STORED)
        return name

    def finish(self, rows: Iterable[Row], pdf: bytes) -> None:
        """Add the CSV and the report, and close the ZIP."""
        self._add(CSV, to_csv(rows).encode("utf-8"), zipfile.ZIP_DEFLATED)
        self._add(PDF, pdf, zipfile.ZIP_STORED)
        self._zip.close()

    def close(self) -> None:
        """Close the ZIP as it is."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, name: str, content: bytes, method: int) -> None:
        entry = zipfile.ZipInfo(name, _TIME)
        entry.external_attr = _READABLE
        entry.create_system = 3  # as on Unix wherever it is made, or the bytes would differ
        self._zip.writestr(entry, content, method)

    def _unused(self, name: str) -> str:
        """The name, numbered where another one has it: file systems that ignore case would lose the second."""
        stem, number = name.removesuffix(".png"), 1
        while name.casefold() in self._used:
            number += 1
            name = f"{stem}-{number}.png"
        self._used.add(name.casefold())
        return name


def bundle(
    entries: Iterable[ReportEntry],
    *,
    card: Card,
    measured: Sequence[Measured] = (),
    failures: Sequence[Failure] = (),
    title: str = "",
    patient_label: str = "",
    opacity: float = OPACITY,
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
    gallery = Gallery()
    with BundleFile(content) as zipped:
        for entry in entries:
            gallery.add(block(entry))
            zipped.add_overlay(entry.detection, overlay_png(entry.scan, entry.detection, opacity))
        blocks = gallery.blocks()
        time = created or report_time(blocks)
        rows = [csv_row(drawn.detection, drawn.finding) for drawn in blocks]
        rows += [error_row(f.name, f.problem, card.version, f.sha256, time) for f in failures]
        pdf = set_report(
            blocks, card=card, measured=measured, failures=failures, title=title, patient_label=patient_label,
            created=time,
        )  # fmt: skip
        zipped.finish(rows, pdf)
    return content.getvalue()
