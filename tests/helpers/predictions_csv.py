"""Read the tables that are exported: the CSV, and the workbook with a library other than the one that writes it."""

import csv
import io
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from braintumor.reporting.csv_export import STUDY_LEVEL


def read_rows(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    """Return the rows."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def read_slice_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of slices and pictures, without those of studies."""
    return [row for row in read_rows(path) if row["level"] != STUDY_LEVEL]


def read_rows_without_time(path: Path) -> list[dict[str, str]]:
    """Return the rows without their timestamps, to compare two runs."""
    return [{name: cell for name, cell in row.items() if name != "timestamp"} for row in read_rows(path)]


def read_sheet(content: bytes) -> Any:
    """Return the only sheet of a workbook."""
    workbook = load_workbook(io.BytesIO(content))
    assert len(workbook.sheetnames) == 1
    return workbook.active


def read_workbook_rows(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of a workbook below its header."""
    header, *rows = read_sheet(content).iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]
