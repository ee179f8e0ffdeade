"""Read the CSV that `predict` writes."""

import csv
from pathlib import Path


def read_rows(path: Path, encoding: str = "utf-8") -> list[dict[str, str]]:
    """Return the rows."""
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def read_rows_without_time(path: Path) -> list[dict[str, str]]:
    """Return the rows without their timestamps, to compare two runs."""
    return [{name: cell for name, cell in row.items() if name != "timestamp"} for row in read_rows(path)]
