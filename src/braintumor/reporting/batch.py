"""Many files -> readings, on every core: threads decode, standardize and infer side by side, readings come in order."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.files import sha256_of
from braintumor.imaging import Scan, read_scan
from braintumor.inference import Detector
from braintumor.reporting.block import Block, block
from braintumor.reporting.csv import Row, csv_row, error_row
from braintumor.reporting.entry import Failure, ReportEntry
from braintumor.reporting.overlays import overlay_png, save_overlay

# Enough scans under way that no thread waits for the slowest one, few enough to keep memory flat.
_UNDER_WAY_PER_WORKER: Final = 4

# A file to read, a slice that was decoded already, or a file that could not be.
Source = str | Scan | Failure


@dataclass(frozen=True, slots=True)
class Wish:
    """What else is wanted of each scan besides its row."""

    overlays: Path | None = None
    blocks: bool = False
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one source: its row, and where they were wished for, its part of a report and its overlay."""

    row: Row
    block: Block | None = field(default=None, repr=False)
    overlay: bytes | None = field(default=None, repr=False)


def read_one(detector: Detector, source: Source, wish: Wish) -> Read:
    """Read one source; what cannot be read gives a row that says why."""
    if not isinstance(source, (str, Scan)):
        return Read(error_row(source.name, source.problem, detector.version, source.sha256))
    try:
        scan = source if isinstance(source, Scan) else read_scan(source, source, detector.settings)
        detection = detector.detect(scan)
    except ScanError as error:
        if isinstance(source, Scan):
            return Read(error_row(source.name, str(error), detector.version, source.sha256))
        return Read(error_row(source, str(error), detector.version, hash_of(source)))
    overlay = overlay_png(scan, detection) if wish.overlays or wish.pictures else None
    if wish.overlays and overlay:
        save_overlay(wish.overlays, detection, overlay)
    drawn = block(ReportEntry(scan, detection)) if wish.blocks else None
    return Read(csv_row(detection), drawn, overlay if wish.pictures else None)


def read_all(
    detector: Detector, sources: Iterable[Source], workers: int, wish: Wish | None = None
) -> Generator[Read, None, None]:
    """Readings of many sources, in their order.

    Pillow, numpy and ONNX Runtime let go of the interpreter while they work, so threads keep every core busy, with one
    copy of the model. Give each thread a whole scan rather than giving ONNX Runtime several threads: a network this
    small spends more on handing its layers over than it gains.
    """
    with ThreadPoolExecutor(workers, "braintumor-read") as pool:
        remaining = iter(sources)
        under_way: deque[Future[Read]] = deque()
        try:
            while True:
                for source in islice(remaining, _UNDER_WAY_PER_WORKER * workers - len(under_way)):
                    under_way.append(pool.submit(read_one, detector, source, wish or Wish()))
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def read_rows(
    detector: Detector, files: Iterable[str], workers: int, overlays: Path | None = None
) -> Generator[Row, None, None]:
    """Rows of many files, in their order."""
    for read in read_all(detector, files, workers, Wish(overlays)):
        yield read.row


def hash_of(file: str) -> str | None:
    """SHA-256 of a file's content; None where it cannot be opened."""
    try:
        return sha256_of(Path(file))
    except (OSError, ValueError):
        return None
