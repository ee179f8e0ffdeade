"""Result of reading one slice, and what to produce for it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from braintumor.imaging import FailedScan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit
from braintumor.inference import Detection
from braintumor.inference.study import StudySlice
from braintumor.reporting.csv_export import CsvRow
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.report_scan import ReportScan

_NO_EDIT: Final = ScanEdit()


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What to produce for each scan in addition to its CSV row.

    Attributes
    ----------
    keep_scan : bool
        Keep the pixels, compressed, to display the scan or to read it again with another model.
    overlay_folder : Path, optional
        Save the overlay of each scan here.
    keep_overlay, keep_report_scan : bool
        Return the overlay as PNG, and the part of the PDF report about this scan.
    """

    keep_scan: bool = False
    overlay_folder: Path | None = None
    keep_overlay: bool = False
    keep_report_scan: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The result for one slice, or for a file that could not be read.

    Attributes
    ----------
    id : str
        Identifies the slice; the same for every model version.
    row : CsvRow
        The row of the CSV, without a reader's finding.
    detection : Detection, optional
        None if the file could not be read; `error` then says why.
    compressed_scan, overlay, report_scan : optional
        As requested by `ReadingOptions`. They show the scan as it was read: edited, and turned upright.
    edit : ScanEdit
        What the reader changed on the scan.
    original_scan : CompressedScan, optional
        The scan before the edit and before it was turned; None if it is `compressed_scan`.
    study_slice : StudySlice, optional
        What the answer for its study needs; None if it could not be read or belongs to no series.
    """

    id: str
    row: CsvRow
    detection: Detection | None = None
    compressed_scan: CompressedScan | None = None
    overlay: bytes | None = field(default=None, repr=False)
    report_scan: ReportScan | None = field(default=None, repr=False)
    edit: ScanEdit = _NO_EDIT
    original_scan: CompressedScan | None = field(default=None, repr=False)
    study_slice: StudySlice | None = field(default=None, repr=False)

    @property
    def source_scan(self) -> CompressedScan | None:
        """The scan as decoded from its file."""
        return self.original_scan or self.compressed_scan

    @property
    def shown_edit(self) -> ScanEdit:
        """The edit that turns `source_scan` into the scan as it was read, with the detected turn."""
        turn = 0 if self.detection is None else self.detection.turn
        return self.edit.turned(turn) if turn else self.edit

    @property
    def name(self) -> str:
        """Name of the file or slice."""
        return str(self.row["name"])

    @property
    def sha256(self) -> str:
        """Hash of the file's content; empty if there is none."""
        return str(self.row["sha256"] or "")

    @property
    def version(self) -> str:
        """The model version."""
        return str(self.row["model_version"])

    @property
    def error(self) -> str:
        """Why the file could not be read; empty if it could."""
        return str(self.row["error"] or "")

    @property
    def failed_scan(self) -> FailedScan | None:
        """The failure, or None if the file could be read."""
        return FailedScan(self.name, self.error, self.sha256 or None) if self.detection is None else None

    def row_with(self, finding: ReaderFinding | None) -> CsvRow:
        """Return the row of the CSV with a reader's finding."""
        if finding is None or self.detection is None:
            return self.row
        return self.row | {"reader_finding": finding.opinion or None, "reader_comment": finding.comment or None}


def group_id(reading_id: str) -> str:
    """Return the ID of the file group of a reading."""
    return reading_id.rpartition("-")[0]
