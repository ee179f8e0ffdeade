"""Journal: rows as they are made, in a file that outlives a kill, so that a run can go on where it stopped."""

import csv
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Self

from braintumor.reporting.csv_export import COLUMNS, CsvRow, to_csv

# Rows reach the system with every write, so a kill loses none; they are forced to the disk, where they outlive a power
# cut too, only so often, because that takes as long as reading several scans.
_SECONDS_BETWEEN_SYNCS: Final = 2.0
_HEADER: Final = to_csv([])


class ResumeLog:
    """The growing `FILE.part` of a CSV file.

    Its first line names the model by fingerprint; rows of another model are not taken over.
    """

    def __init__(self, target: Path, fingerprint: str) -> None:
        self.target = target
        self.path = target.with_name(f"{target.name}.part")
        self._first = f"# rows by the model {fingerprint}\n"
        self._synced = time.monotonic()

    def load_completed(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Line and cells of each complete row of an earlier run by the same model, by name; empty without one."""
        try:
            # "replace", because a kill may cut a line in the middle of a character; that line is dropped below.
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                lines = file.readlines()
        except FileNotFoundError:
            return {}
        if lines[:2] != [self._first, _HEADER]:
            return {}
        rows = {}
        for line in lines[2:]:
            cells = next(csv.reader([line]))
            if line.endswith("\n") and len(cells) == len(COLUMNS):  # the last one may have been cut short
                row = dict(zip(COLUMNS, cells, strict=True))
                rows[row["name"]] = line, row
        return rows

    def start(self, lines: Iterable[str]) -> Self:
        """Begin the file anew with the lines kept from an earlier run, without ever losing them."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        _replace_lines(self.path, [self._first, _HEADER, *lines])
        self._file = self.path.open("a", encoding="utf-8", newline="")
        return self

    def add(self, row: CsvRow) -> str:
        """Append a row; returns its line."""
        line = to_csv([row], header=False)
        self._file.write(line)
        self._file.flush()
        if time.monotonic() - self._synced > _SECONDS_BETWEEN_SYNCS:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()
        return line

    def finish(self, lines: Iterable[str]) -> None:
        """Write the CSV file itself, in the order of the lines, and drop the journal."""
        self._file.close()
        _replace_lines(self.target, [_HEADER, *lines])
        self.path.unlink()

    def close(self) -> None:
        """Leave the journal for another run to go on from."""
        self._file.close()


def _replace_lines(path: Path, lines: Iterable[str]) -> None:
    """Replace a file by these lines, on the disk before the old content goes."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
