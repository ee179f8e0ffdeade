"""CSV of predictions: one row per file, with fixed columns, safe to open in a spreadsheet."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from braintumor.enums import CLASSES, Verdict
from braintumor.inference.detection import Detection
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import class_probability, label_key

COLUMNS: Final = (
    "timestamp", "name", "result", "verdict", "tumor_probability", *(f"p_{c}" for c in CLASSES),
    "novelty", "model_version", "sha256", "error",
    # New columns go to the end, so that programs that read the columns above by position still work.
    "area_pixels", "area_mm2", "diameter_mm", "reader_finding", "reader_comment",
)  # fmt: skip

CellValue = str | float | None
CsvRow = dict[str, CellValue]

# First characters of a formula (OWASP, CSV injection), including their full-width forms.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_DECIMALS: Final = 6  # 1e-6 is far below what the calibration of any model supports


def csv_row(detection: Detection, finding: ReaderFinding | None = None) -> CsvRow:
    """Return the row of a detection, with None for values that do not exist.

    For a binary model, `result` is `tumor` or `notumor`, and the tumour types have no probability. An image that is
    rejected as not a brain MRI has no sizes.
    """
    is_rejected = detection.verdict is Verdict.NOT_BRAIN_MRI
    return {
        "timestamp": format_timestamp(detection.timestamp),
        "name": detection.name,
        "result": label_key(detection),
        "verdict": str(detection.verdict),
        "tumor_probability": detection.tumor_probability,
        **{f"p_{c}": class_probability(detection, c) for c in CLASSES},
        "novelty": detection.ood_score,
        "model_version": detection.model_version,
        "sha256": detection.sha256,
        "error": None,
        "area_pixels": None if is_rejected else detection.area_pixels,
        "area_mm2": None if is_rejected else detection.area_mm2,
        "diameter_mm": None if is_rejected else detection.diameter_mm,
        "reader_finding": finding.opinion or None if finding else None,
        "reader_comment": finding.comment or None if finding else None,
    }


def error_row(
    name: str, message: str, model_version: str, sha256: str | None = None, time: datetime | None = None
) -> CsvRow:
    """Return the row of a file that could not be read.

    Parameters
    ----------
    name, message : str
        File name, and what is wrong with the file.
    model_version : str
    sha256 : str, optional
        Hash of its content, if there is any.
    time : datetime, optional
        Now by default.
    """
    row: CsvRow = dict.fromkeys(COLUMNS)
    row.update(
        timestamp=format_timestamp(time or datetime.now(UTC)),
        name=name,
        model_version=model_version,
        sha256=sha256,
        error=message,
    )
    return row


def to_csv(rows: Iterable[Mapping[str, CellValue]], *, header: bool = True) -> str:
    """Format rows as CSV text, one line per row, in the order of `COLUMNS`.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of `csv_row` and `error_row`.
    header : bool
        Whether the column names come first.

    Returns
    -------
    str
        As in RFC 4180, but with lines that end in a line feed; to be written as UTF-8. No cell starts a formula or
        contains a line break.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows({column: format_cell(row.get(column)) for column in COLUMNS} for row in rows)
    return text.getvalue()


def format_cell(value: CellValue) -> str:
    """Format one cell: numbers as plain decimals, None as nothing, text so that it is not run as a formula.

    Text that would start a formula gets an apostrophe in front, which spreadsheets read as "this is text". File names
    may contain line breaks and invalid UTF-8; unprintable characters become spaces, so that a row stays one valid line.
    """
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.{_DECIMALS}f}" if math.isfinite(value) else ""
    shown = "".join(character if character.isprintable() else " " for character in value)
    starts_formula = value.startswith(_FORMULA_STARTS) or shown.lstrip().startswith(_FORMULA_STARTS)
    return f"'{shown}" if starts_formula else shown


def format_timestamp(time: datetime) -> str:
    """Format a time as ISO 8601 in UTC with milliseconds, such as `2025-01-31T09:30:00.123Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
