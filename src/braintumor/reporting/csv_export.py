"""CSV of predictions: the columns every download shares, one row per file, safe to open in a spreadsheet."""

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from braintumor.enums import CLASSES, Verdict
from braintumor.inference.detection import Detection
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.labels import class_probability, label_key


@dataclass(frozen=True, slots=True)
class LesionSize:
    """Size of an outline; None for whatever was not measured."""

    area_pixels: int | None = None
    area_mm2: float | None = None
    diameter_pixels: float | None = None
    diameter_mm: float | None = None

    def __str__(self) -> str:
        """In words, in millimetres where the file gives their size, such as `412 mm², longest diameter 28.1 mm`."""
        if self.area_pixels is None:
            return "not measured by this version"
        if self.area_pixels == 0:
            return "nothing outlined"
        said = [f"{self.area_pixels:,} pixels"]
        if self.area_mm2 is not None:
            said.insert(0, f"{self.area_mm2:,.0f} mm²")
        if self.diameter_mm is not None:
            said.append(f"longest diameter {self.diameter_mm:.1f} mm")
        elif self.diameter_pixels is not None:
            said.append(f"longest diameter {self.diameter_pixels:.0f} pixels (the file gives no pixel size)")
        return ", ".join(said)


def lesion_size(detection: Detection) -> LesionSize:
    """Measures of a detection; none of a picture taken for no brain MRI, where no tumour was looked for."""
    if detection.verdict is Verdict.NOT_BRAIN_MRI:
        return LesionSize()
    return LesionSize(
        area_pixels=detection.area_pixels,
        area_mm2=detection.area_mm2,
        diameter_pixels=detection.diameter_pixels,
        diameter_mm=detection.diameter_mm,
    )


COLUMNS: Final = (
    "timestamp", "name", "result", "verdict", "tumor_probability", *(f"p_{c}" for c in CLASSES),
    "novelty", "model_version", "sha256", "error",
    # What came later stands at the end, so that whoever reads the columns before by place still can.
    "area_pixels", "area_mm2", "diameter_mm", "reader_finding", "reader_comment",
)  # fmt: skip

CellValue = str | float | None
CsvRow = dict[str, CellValue]

# What makes a spreadsheet run a cell instead of showing it (OWASP, CSV injection), full-width forms included.
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
# Six decimals: 1e-6 is far below what the calibration of any model supports, and the cell stays narrow.
_DECIMALS: Final = 6


def csv_row(detection: Detection, finding: ReaderFinding | None = None) -> CsvRow:
    """One reading as a row: text as text, probabilities as floats, None where nothing was measured or said.

    Of a version that tells no kinds of tumour, `result` is `tumor` or `notumor` and the kinds have no probability.
    """
    measured = lesion_size(detection)
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
        "area_pixels": measured.area_pixels,
        "area_mm2": measured.area_mm2,
        "diameter_mm": measured.diameter_mm,
        "reader_finding": finding.opinion or None if finding else None,
        "reader_comment": finding.comment or None if finding else None,
    }


def error_row(
    name: str, message: str, model_version: str, sha256: str | None = None, time: datetime | None = None
) -> CsvRow:
    """The row of a file that could not be read: its name, when (now by default), by which model, and what is wrong.

    The hash of its content goes with it where there is any content.
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
    """Rows as CSV text, one line each, in the order of `COLUMNS`.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of `csv_row` and `error_row`.
    header : bool
        Whether the line of column names comes first.

    Returns
    -------
    str
        RFC 4180, but lines end in a line feed alone; write it as UTF-8. No cell starts a formula, none holds a break.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows({column: format_cell(row.get(column)) for column in COLUMNS} for row in rows)
    return text.getvalue()


def format_cell(value: CellValue) -> str:
    """One cell: a number as a plain decimal, a count as digits, None as nothing, text kept from acting as a formula.

    Text that would start one gets an apostrophe in front, which spreadsheets take as "show as it is". Line breaks
    and other characters that cannot be shown become spaces: file names may hold them, bytes that are no text among
    them, and a row must stay one line of valid UTF-8.
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
    """A moment as ISO 8601 in UTC to the millisecond, such as `2025-01-31T09:30:00.123Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
