"""CSV of predictions: one row per file, with fixed columns, safe to open in a spreadsheet."""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from braintumor.enums import CLASSES
from braintumor.inference.detection import Detection
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import class_probability, label_key
from braintumor.reporting.study.result import StudyResult

COLUMNS: Final = (
    "timestamp", "name", "result", "verdict", "tumor_probability", *(f"p_{c}" for c in CLASSES),
    "ood_score", "model_version", "sha256", "error",
    # New columns go to the end, so that programs that read the columns above by position still work.
    "area_pixels", "area_mm2", "diameter_mm", "reader_finding", "reader_comment", "level", "volume_ml",
)  # fmt: skip

# Values of the column `level`: a row about one slice or picture, or about a series or volume.
SLICE_LEVEL: Final = "slice"
STUDY_LEVEL: Final = "study"

INTEGER_COLUMNS: Final = frozenset({"area_pixels"})
NUMBER_COLUMNS: Final = INTEGER_COLUMNS | {
    "tumor_probability", *(f"p_{c}" for c in CLASSES), "ood_score", "area_mm2", "diameter_mm", "volume_ml",
}  # fmt: skip

CellValue = str | float | None
CsvRow = dict[str, CellValue]

BYTE_ORDER_MARK: Final = "\ufeff"
# First characters of a formula (OWASP, CSV injection), including their full-width forms.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
DECIMALS: Final = 6  # 1e-6 is far below what the calibration of any model supports


def csv_row(detection: Detection, finding: ReaderFinding | None = None) -> CsvRow:
    """Return the row of a detection, with None for values that do not exist.

    For a binary model, `result` is `tumor` or `notumor`, and the tumour types have no probability. An image without
    a result, such as one that is not a brain MRI, has no sizes.
    """
    has_result = detection.verdict.has_result
    return {
        "timestamp": format_timestamp(detection.timestamp),
        "name": detection.name,
        "result": label_key(detection),
        "verdict": str(detection.verdict),
        "tumor_probability": detection.tumor_probability,
        **{f"p_{c}": class_probability(detection, c) for c in CLASSES},
        "ood_score": detection.ood_score,
        "model_version": detection.model_version,
        "sha256": detection.sha256,
        "error": None,
        "area_pixels": detection.area_pixels if has_result else None,
        "area_mm2": detection.area_mm2 if has_result else None,
        "diameter_mm": detection.diameter_mm if has_result else None,
        "reader_finding": finding.opinion or None if finding else None,
        "reader_comment": finding.comment or None if finding else None,
        "level": SLICE_LEVEL,
        "volume_ml": None,
    }


def study_row(result: StudyResult) -> CsvRow:
    """Return the row of a study: its score as tumour probability, and diameter and volume of the lesion."""
    reading, row = result.reading, dict.fromkeys(COLUMNS)
    lesion = reading.lesion
    return row | {
        "timestamp": result.timestamp,
        "name": result.name,
        "result": label_key(reading),
        "verdict": str(reading.verdict),
        "tumor_probability": reading.tumor_probability,
        **{f"p_{c}": class_probability(reading, c) for c in CLASSES},
        "model_version": result.model_version,
        "sha256": result.sha256,
        "diameter_mm": None if lesion is None else lesion.diameter_mm,
        "level": STUDY_LEVEL,
        "volume_ml": None if lesion is None else lesion.volume_ml,
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


def to_csv_bytes(rows: Iterable[Mapping[str, CellValue]], *, with_bom: bool = False) -> bytes:
    """Format rows as a CSV file, see `to_csv`.

    Parameters
    ----------
    rows : iterable of mapping
    with_bom : bool
        Whether a byte order mark comes first. Excel reads a file without one in the code page of the machine, and shows
        other letters than were written; most other programs skip it.
    """
    return f"{BYTE_ORDER_MARK if with_bom else ''}{to_csv(rows)}".encode()


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
        return f"{value:.{DECIMALS}f}" if math.isfinite(value) else ""
    shown = to_one_line(value)
    starts_formula = value.startswith(_FORMULA_STARTS) or shown.lstrip().startswith(_FORMULA_STARTS)
    return f"'{shown}" if starts_formula else shown


def to_one_line(text: str) -> str:
    """Replace unprintable characters, such as line breaks and invalid UTF-8, by spaces."""
    return "".join(character if character.isprintable() else " " for character in text)


def parse_lines(lines: Iterable[str]) -> Iterator[CsvRow]:
    """Yield the rows of lines that `to_csv` wrote: numbers as numbers, and formulas without their apostrophe."""
    for cells in csv.reader(lines):
        yield {column: _parse_cell(column, cell) for column, cell in zip(COLUMNS, cells, strict=True)}


def _parse_cell(column: str, cell: str) -> CellValue:
    if not cell:
        return None
    if column in NUMBER_COLUMNS:
        return int(cell) if column in INTEGER_COLUMNS else float(cell)
    return cell[1:] if cell.startswith("'") and format_cell(cell[1:]) == cell else cell


def format_timestamp(time: datetime) -> str:
    """Format a time as ISO 8601 in UTC with milliseconds, such as `2025-01-31T09:30:00.123Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
