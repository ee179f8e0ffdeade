"""Many files -> readings, on every core: threads decode, standardize and infer side by side, readings come in order."""

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from braintumor.errors import ScanError
from braintumor.fileio import sha256_file
from braintumor.imaging import Scan, read_scan
from braintumor.imaging.scan_iterator import iter_scans
from braintumor.inference import Detector
from braintumor.reporting.csv_export import CsvRow, csv_row, error_row
from braintumor.reporting.overlays import overlay_png, save_overlay
from braintumor.reporting.report_scan import Failure, ReportEntry, ReportScan, render_report_scan
from braintumor.settings import Settings

# Enough scans under way that no thread waits for the slowest one, few enough to keep memory flat.
_PENDING_PER_WORKER: Final = 4

# A file to read, a slice that was decoded already, or a file that could not be.
ScanSource = str | Scan | Failure


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """What else is wanted of each scan besides its row."""

    overlay_folder: Path | None = None
    report_scans: bool = False
    overlay_bytes: bool = False


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """What came of one source: its row, and where they were wished for, its part of a report and its overlay."""

    row: CsvRow
    report_scan: ReportScan | None = field(default=None, repr=False)
    overlay: bytes | None = field(default=None, repr=False)


def read_one(detector: Detector, source: ScanSource, options: OutputOptions) -> ReadingResult:
    """Read one source; what cannot be read gives a row that says why."""
    if not isinstance(source, (str, Scan)):
        return ReadingResult(error_row(source.name, source.problem, detector.version, source.sha256))
    try:
        scan = source if isinstance(source, Scan) else read_scan(source, source, detector.settings)
        detection = detector.detect(scan)
    except ScanError as error:
        if isinstance(source, Scan):
            return ReadingResult(error_row(source.name, str(error), detector.version, source.sha256))
        return ReadingResult(error_row(source, str(error), detector.version, sha256_or_none(source)))
    overlay = overlay_png(scan, detection) if options.overlay_folder or options.overlay_bytes else None
    if options.overlay_folder and overlay:
        save_overlay(options.overlay_folder, detection, overlay)
    drawn = render_report_scan(ReportEntry(scan, detection)) if options.report_scans else None
    return ReadingResult(csv_row(detection), drawn, overlay if options.overlay_bytes else None)


def read_all(
    detector: Detector, sources: Iterable[ScanSource], workers: int, options: OutputOptions | None = None
) -> Generator[ReadingResult, None, None]:
    """Readings of many sources, in their order.

    Pillow, numpy and ONNX Runtime let go of the interpreter while they work, so threads keep every core busy, with one
    copy of the model. Give each thread a whole scan rather than giving ONNX Runtime several threads: a network this
    small spends more on handing its layers over than it gains.
    """
    with ThreadPoolExecutor(workers, "braintumor-read") as pool:
        remaining = iter(sources)
        under_way: deque[Future[ReadingResult]] = deque()
        try:
            while True:
                for source in islice(remaining, _PENDING_PER_WORKER * workers - len(under_way)):
                    under_way.append(pool.submit(read_one, detector, source, options or OutputOptions()))
                if not under_way:
                    return
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def read_rows(
    detector: Detector, files: Iterable[str], workers: int, overlays: Path | None = None
) -> Generator[CsvRow, None, None]:
    """Rows of many files, in their order."""
    for read in read_all(detector, files, workers, OutputOptions(overlays)):
        yield read.row


def sha256_or_none(file: str) -> str | None:
    """SHA-256 of a file's content; None where it cannot be opened."""
    try:
        return sha256_file(Path(file))
    except (OSError, ValueError):
        return None


def iter_sources(files: Sequence[str], volumes: Sequence[str], settings: Settings) -> Iterator[ScanSource]:
    """Pictures by their path, still to be read; then slices, decoded one after the other as they are asked for.

    The limit on files is that of an upload. Who names files on a machine of their own may name more.
    """
    yield from files
    roomy = settings.model_copy(update={"max_files": max(settings.max_files, len(volumes))})
    yield from iter_scans(((volume, Path(volume)) for volume in volumes), roomy)
