"""Many files -> rows, on every core: threads decode, standardize and infer side by side, rows come in order."""

import hashlib
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.imaging import read_scan
from braintumor.inference import Detector
from braintumor.reporting.csv import Row, csv_row, error_row
from braintumor.reporting.overlays import write_overlay

# Enough scans under way that no thread waits for the slowest one, few enough to keep memory flat.
_UNDER_WAY_PER_WORKER: Final = 4


def read_row(detector: Detector, file: str, overlays: Path | None = None) -> Row:
    """Read one file; a file that cannot be read gives a row that says why."""
    try:
        scan = read_scan(file, file, detector.settings)
        detection = detector.detect(scan)
        if overlays:
            write_overlay(overlays, scan, detection)
        return csv_row(detection)
    except ScanError as error:
        return error_row(file, str(error), detector.version, hash_of(file))


def read_rows(
    detector: Detector, files: Iterable[str], workers: int, overlays: Path | None = None
) -> Generator[Row, None, None]:
    """Rows of many files, in their order.

    Pillow, numpy and ONNX Runtime let go of the interpreter while they work, so threads keep every core busy, with one
    copy of the model. Give each thread a whole scan rather than giving ONNX Runtime several threads: a network this
    small spends more on handing its layers over than it gains.
    """
    with ThreadPoolExecutor(workers, "braintumor-read") as pool:
        remaining = iter(files)
        under_way: deque[Future[Row]] = deque()
        try:
            while True:
                for file in islice(remaining, _UNDER_WAY_PER_WORKER * workers - len(under_way)):
                    under_way.append(pool.submit(read_row, detector, file, overlays))
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def hash_of(file: str) -> str | None:
    """SHA-256 of a file's content; None where it cannot be opened."""
    try:
        with Path(file).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
