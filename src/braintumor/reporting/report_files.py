"""Report files: the PDF and the ZIP of a run of predict, gathered reading by reading, written whole or not at all."""

import os
from collections.abc import Sequence
from pathlib import Path

from braintumor.imaging import Refusal
from braintumor.inference import Detector
from braintumor.reporting.batch import Read
from braintumor.reporting.bundle import BundleFile
from braintumor.reporting.csv import Row
from braintumor.reporting.gallery import Gallery
from braintumor.reporting.measured import measured_of
from braintumor.reporting.pdf import set_report


class ReportFiles:
    """Takes readings as they come; `finish` writes the files that were asked for."""

    def __init__(self, detector: Detector, pdf: Path | None, bundle: Path | None, patient_label: str = "") -> None:
        self.wanted = bool(pdf or bundle)
        self._detector, self._pdf, self._patient_label = detector, pdf, patient_label
        self._gallery = Gallery()
        self._rows: list[Row] = []
        self._bundle, self._zip = bundle, None
        if bundle:
            bundle.parent.mkdir(parents=True, exist_ok=True)
            self._zip = BundleFile(_part(bundle))

    def take(self, read: Read) -> None:
        """Take one reading in."""
        if not self.wanted:
            return
        self._rows.append(read.row)
        if read.block:
            self._gallery.add(read.block)
            if self._zip and read.overlay:
                self._zip.add_overlay(read.block.detection, read.overlay)

    def finish(self) -> None:
        """Set the report and put the files in their places."""
        if not self.wanted:
            return
        content = set_report(
            self._gallery.blocks(),
            card=self._detector.artifact.card,
            measured=measured_of(self._detector.artifact),
            failures=_failures(self._rows),
            patient_label=self._patient_label,
        )
        if self._pdf:
            self._pdf.parent.mkdir(parents=True, exist_ok=True)
            _part(self._pdf).write_bytes(content)
            _part(self._pdf).replace(self._pdf)
        if self._bundle and self._zip:
            self._zip.finish(self._rows, content)
            _part(self._bundle).replace(self._bundle)

    def close(self) -> None:
        """Leave no half file behind."""
        if self._zip:
            self._zip.close()
        for target in (self._pdf, self._bundle):
            if target:
                _part(target).unlink(missing_ok=True)


def _failures(rows: Sequence[Row]) -> list[Refusal]:
    return [
        Refusal(str(row["name"]), str(row["error"]), None if row["sha256"] is None else str(row["sha256"]))
        for row in rows
        if row["error"]
    ]


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.part")
