"""`braintumor predict --server`: the files are read by a server, and give the same CSV."""

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from braintumor.client import Client
from braintumor.errors import BrainTumorError
from braintumor.fileio import write_atomically
from braintumor.reporting.csv_export import BYTE_ORDER_MARK, COLUMNS, CsvRow, error_row, format_cell, to_csv
from braintumor.services.file_discovery import discover_files
from braintumor.services.run_summary import RunSummary

if TYPE_CHECKING:
    from braintumor.services.file_discovery import DiscoveredFiles


def predict_remotely(
    client: Client,
    sources: list[str],
    version: str | None = None,
    csv_file: Path | None = None,
    *,
    with_bom: bool = False,
) -> RunSummary:
    """Send each image, and then all files with slices together; write the rows to a file or to standard output.

    Raises
    ------
    BrainTumorError
        There is no file to read, the server refuses it or is not reached, or the CSV cannot be written.
    """
    discovered = discover_files(sources)
    name = version or next(model["version"] for model in client.models() if model["is_default"])
    summary, start = RunSummary(name, non_scans=discovered.skipped), time.perf_counter()
    head = f"{BYTE_ORDER_MARK if with_bom else ''}{to_csv([])}"
    lines = (to_csv([row], header=False) for row in _count(_iter_rows(client, discovered, name), summary))
    if csv_file is None:
        sys.stdout.write(head)
        for line in lines:
            sys.stdout.write(line)
            sys.stdout.flush()
    else:
        _write(csv_file, head + "".join(lines))
    summary.seconds = time.perf_counter() - start
    return summary


def _write(csv_file: Path, content: str) -> None:
    try:
        write_atomically(csv_file, content.encode())
    except OSError as error:
        raise BrainTumorError(f"{csv_file}: cannot be written ({error.strerror}). Choose another path.") from error


def _iter_rows(client: Client, discovered: "DiscoveredFiles", version: str) -> Iterator[CsvRow]:
    for path in discovered.files:
        yield from _send(client, [path], version)
    if discovered.volumes:
        yield from _send(client, list(discovered.volumes), version)


def _send(client: Client, paths: list[str], version: str) -> Iterator[CsvRow]:
    try:
        rows = client.predict(*paths, version=version)
    except OSError as error:
        yield error_row(error.filename, f"{error.filename}: cannot be opened ({error.strerror}).", version)
        return
    yield from ({column: row.get(column) for column in COLUMNS} for row in rows)


def _count(rows: Iterable[CsvRow], summary: RunSummary) -> Iterator[CsvRow]:
    for row in rows:
        if row["level"] != "study":
            summary.count_row(row["verdict"], row["error"])
        if row["error"]:
            print(f"braintumor: {format_cell(row['error'])}", file=sys.stderr)
        yield row
