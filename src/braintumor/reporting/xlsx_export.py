"""Excel workbook of predictions: opens in columns in every locale, with numbers as numbers and text as text."""

import io
import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from braintumor.errors import BrainTumorError
from braintumor.reporting.csv_export import COLUMNS, DECIMALS, INTEGER_COLUMNS, CellValue, to_one_line

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SHEET_NAME: Final = "Predictions"
XLSX_MIME: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MAX_TEXT_LENGTH: Final = 32_767  # characters in a cell, a limit of Excel
_MAX_ROWS: Final = 1_048_575  # below the header, a limit of Excel
_WIDTHS: Final = {"timestamp": 25, "name": 40, "verdict": 18, "sha256": 20, "error": 40, "reader_comment": 40}
_DEFAULT_WIDTH: Final = 14  # characters
# Fixed, so that equal input gives equal bytes; the rows contain the real times.
_CREATED: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - the library takes a time in UTC without a zone
_OPTIONS: Final = {
    "constant_memory": True,  # one row at a time
    # Every cell has an explicit type below; these options only make sure that text stays text.
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def to_xlsx(rows: Iterable[Mapping[str, CellValue]]) -> bytes:
    """Create a workbook with one row per file, in the order and with the columns of the CSV.

    Parameters
    ----------
    rows : iterable of mapping
        Rows of `csv_row` and `error_row`.

    Returns
    -------
    bytes
        XLSX with one sheet: a fixed header row, probabilities and sizes as numbers, everything else as text. A text
        that looks like a formula, a link or a number stays text. Equal rows give equal bytes.
    """
    content = io.BytesIO()
    write_xlsx(rows, content)
    return content.getvalue()


def write_xlsx(rows: Iterable[Mapping[str, CellValue]], target: Path | IO[bytes]) -> None:
    """Write the workbook of `to_xlsx` to a file or a binary stream, holding one row in memory at a time.

    Raises
    ------
    OSError
        The file cannot be written.
    BrainTumorError
        There are more rows than Excel can open.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    try:
        with Workbook(str(target) if isinstance(target, Path) else target, _OPTIONS) as workbook:
            workbook.set_properties({"title": SHEET_NAME, "created": _CREATED})
            _write_sheet(workbook, rows)
    except FileCreateError as error:
        raise error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error)) from error


def _write_sheet(workbook: "Workbook", rows: Iterable[Mapping[str, CellValue]]) -> None:
    sheet = workbook.add_worksheet(SHEET_NAME)
    bold, decimal = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "0.0000"})
    for index, column in enumerate(COLUMNS):
        sheet.set_column(index, index, _WIDTHS.get(column, _DEFAULT_WIDTH))
        sheet.write_string(0, index, column, bold)
    sheet.freeze_panes(1, 2)  # the header and the file name stay in view
    number = 0
    for number, row in enumerate(rows, start=1):
        if number > _MAX_ROWS:
            raise BrainTumorError(f"An Excel sheet holds at most {_MAX_ROWS:,} rows. Write a CSV file instead.")
        for index, column in enumerate(COLUMNS):
            _write_cell(sheet, number, index, row.get(column), None if column in INTEGER_COLUMNS else decimal)
    sheet.autofilter(0, 0, number, len(COLUMNS) - 1)


def _write_cell(sheet: "Worksheet", row: int, index: int, value: CellValue, number_format: "Format | None") -> None:
    """Write a number as a number, text as text whatever it looks like, and nothing for a missing value."""
    if isinstance(value, str):
        if text := to_one_line(value)[:_MAX_TEXT_LENGTH]:
            sheet.write_string(row, index, text)
    elif value is not None and math.isfinite(value):
        sheet.write_number(row, index, round(value, DECIMALS), number_format)
