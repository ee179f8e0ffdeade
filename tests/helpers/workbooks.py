"""Read the Excel workbooks that are exported, with a library other than the one that writes them."""

import io
from typing import Any

from openpyxl import load_workbook


def read_sheet(content: bytes) -> Any:
    """Return the only sheet of a workbook."""
    workbook = load_workbook(io.BytesIO(content))
    assert len(workbook.sheetnames) == 1
    return workbook.active


def read_workbook_rows(content: bytes) -> list[dict[str, Any]]:
    """Return the rows below the header."""
    header, *rows = read_sheet(content).iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]
