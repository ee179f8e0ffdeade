"""Log of completed rows that survives a kill, so that a run can resume where it stopped."""

import csv
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from braintumor.reporting.csv_export import BYTE_ORDER_MARK, COLUMNS, CsvRow, to_csv

# Every row is written to the operating system at once, so a kill loses none. Syncing to disk protects from a power
# failure too, but takes as long as reading several scans.
_SECONDS_BETWEEN_SYNCS: Final = 2.0
_HEADER: Final = to_csv([])


class ResumeLog:
    """The file `<csv_file>.part`, which grows row by row.

    Its first line contains the fingerprint of the model; rows of another model are not reused.
    """

    def __init__(self, csv_file: Path, fingerprint: str) -> None:
        self.csv_file = csv_file
        self.path = csv_file.with_name(f"{csv_file.name}.part")
        self._first_line = f"# rows by the model {fingerprint}\n"
        self._last_sync = time.monotonic()

    def load_completed(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Return the line and the cells of each complete row by the same model, by name."""
        try:
            # "replace", because a kill can cut a line in the middle of a character; that line is dropped below.
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                lines = file.readlines()
        except FileNotFoundError:
            return {}
        if lines[:2] != [self._first_line, _HEADER]:
            return {}
        rows = {}
        for line in lines[2:]:
            cells = next(csv.reader([line]))
            if line.endswith("\n") and len(cells) == len(COLUMNS):  # the last line can be incomplete
                row = dict(zip(COLUMNS, cells, strict=True))
                rows[row["name"]] = line, row
        return rows

    def start(self, lines: Iterable[str]) -> Self:
        """Rewrite the log with the lines to reuse, atomically, and open it for appending."""
        self.csv_file.parent.mkdir(parents=True, exist_ok=True)
        _replace_lines(self.path, [self._first_line, _HEADER, *lines])
        self._file = self.path.open("a", encoding="utf-8", newline="")
        return self

    def add(self, row: CsvRow) -> str:
        """Append a row and return its line."""
        line = to_csv([row], header=False)
        self._file.write(line)
        self._file.flush()
        if time.monotonic() - self._last_sync > _SECONDS_BETWEEN_SYNCS:
            os.fsync(self._file.fileno())
            self._last_sync = time.monotonic()
        return line

    def finish(self, lines: Iterable[str], *, with_bom: bool = False) -> None:
        """Write the CSV file with these lines, after a byte order mark if Excel is to open it, and delete the log."""
        self._file.close()
        _replace_lines(self.csv_file, [BYTE_ORDER_MARK if with_bom else "", _HEADER, *lines])
        self.path.unlink()

    def close(self) -> None:
        """Close the log; another run can resume from it."""
        self._file.close()


def _replace_lines(path: Path, lines: Iterable[str]) -> None:
    """Replace a file atomically, syncing the new content to disk first."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
