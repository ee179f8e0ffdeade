"""Read files into results: the one loop behind the Detection page, `predict` and background jobs."""

import logging
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan, Scan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.inference import Detection, Detector
from braintumor.reporting.csv_export import CsvRow, csv_row, error_row
from braintumor.reporting.findings import ReaderFinding
from braintumor.reporting.overlays import overlay_png, save_overlay
from braintumor.reporting.report_scan import ReportEntry, ReportScan, render_report_scan
from braintumor.services.file_groups import FileGroup, GroupKind, ReadableFile, decode_group, decode_image, short_hash

if TYPE_CHECKING:
    from concurrent.futures import Future

_LOGGER = logging.getLogger(__name__)
# Enough pending scans that no thread waits for the slowest one, few enough to keep memory use constant.
_PENDING_PER_WORKER: Final = 4


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What to produce for each scan in addition to its CSV row.

    Attributes
    ----------
    keep_scan : bool
        Keep the pixels, compressed, to display the scan or to read it again with another model.
    overlay_folder : Path, optional
        Save the overlay of each scan here.
    keep_overlay, keep_report_scan : bool
        Return the overlay as PNG, and the part of the PDF report about this scan.
    """

    keep_scan: bool = False
    overlay_folder: Path | None = None
    keep_overlay: bool = False
    keep_report_scan: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The result for one slice, or for a file that could not be read.

    Attributes
    ----------
    id : str
        Identifies the slice; the same for every model version.
    row : CsvRow
        The row of the CSV, without a reader's finding.
    detection : Detection, optional
        None if the file could not be read; `error` then says why.
    compressed_scan, overlay, report_scan : optional
        As requested by `ReadingOptions`.
    """

    id: str
    row: CsvRow
    detection: Detection | None = None
    compressed_scan: CompressedScan | None = None
    overlay: bytes | None = field(default=None, repr=False)
    report_scan: ReportScan | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Name of the file or slice."""
        return str(self.row["name"])

    @property
    def sha256(self) -> str:
        """Hash of the file's content; empty if there is none."""
        return str(self.row["sha256"] or "")

    @property
    def version(self) -> str:
        """The model version."""
        return str(self.row["model_version"])

    @property
    def error(self) -> str:
        """Why the file could not be read; empty if it could."""
        return str(self.row["error"] or "")

    @property
    def failed_scan(self) -> FailedScan | None:
        """The failure, or None if the file could be read."""
        return FailedScan(self.name, self.error, self.sha256 or None) if self.detection is None else None

    def row_with(self, finding: ReaderFinding | None) -> CsvRow:
        """Return the row of the CSV with a reader's finding."""
        if finding is None or self.detection is None:
            return self.row
        return self.row | {"reader_finding": finding.opinion or None, "reader_comment": finding.comment or None}


def group_id(reading_id: str) -> str:
    """Return the ID of the file group of a reading."""
    return reading_id.rpartition("-")[0]


# What a worker thread receives: a file to decode, a decoded slice, or a slice that another version has read.
_Source = ReadableFile | Scan | FailedScan | Reading


class ReadingService:
    """Reads groups of files with one model.

    Pillow, NumPy and ONNX Runtime release the interpreter lock, so several threads keep all cores busy with one copy
    of the model. For small networks, one scan per thread is faster than several ONNX Runtime threads per scan.

    Parameters
    ----------
    workers : int
        Number of threads; with 1, everything runs in the calling thread.
    """

    def __init__(self, detector: Detector, workers: int = 1, options: ReadingOptions | None = None) -> None:
        self.detector, self.workers, self.options = detector, workers, options or ReadingOptions()

    @property
    def version(self) -> str:
        """The model version."""
        return self.detector.version

    def read(
        self, groups: Iterable[FileGroup], previous: Mapping[str, Sequence[Reading]] | None = None
    ) -> Generator[Reading, None, None]:
        """Read files one after another and yield the results in order, as soon as they are available.

        Close the generator to cancel: pending scans are dropped, and the scans being read are completed.

        Parameters
        ----------
        groups : iterable of FileGroup
            Each image is decoded in a worker thread, all other groups slice by slice as results are requested.
        previous : mapping of group key to readings, optional
            Results of another version with `keep_scan`; their scans are used instead of decoding the files again.

        Raises
        ------
        OSError
            An overlay cannot be saved. Unreadable files raise nothing: they give readings with an `error`.
        """
        with closing(self._iter_sources(groups, previous or {})) as sources:
            if self.workers == 1:
                for source in sources:
                    yield self._read_source(*source)
                return
            from concurrent.futures import ThreadPoolExecutor  # not needed for a single image

            with ThreadPoolExecutor(self.workers, "braintumor-read") as pool:
                pending: deque[Future[Reading]] = deque()
                try:
                    while True:
                        for source in islice(sources, _PENDING_PER_WORKER * self.workers - len(pending)):
                            pending.append(pool.submit(self._read_source, *source))
                        if not pending:
                            return
                        yield pending.popleft().result()
                finally:
                    for future in pending:
                        future.cancel()

    def _iter_sources(
        self, groups: Iterable[FileGroup], previous: Mapping[str, Sequence[Reading]]
    ) -> Generator[tuple[str, _Source], None, None]:
        """Yield the ID and the source of each slice."""
        for group in groups:
            if readings := previous.get(group.key):
                yield from ((reading.id, reading) for reading in readings)
            elif group.kind is GroupKind.IMAGE:
                yield f"{group.id}-0", group.files[0]
            else:
                yield from _number_slices(group, decode_group(group, self.detector.settings))

    def _read_source(self, reading_id: str, source: _Source) -> Reading:
        compressed_scan = source.compressed_scan if isinstance(source, Reading) else None
        scan = self._decode(source)
        if isinstance(scan, FailedScan):
            return self._failed_reading(reading_id, scan)
        try:
            detection = self.detector.detect(scan)
            if self.options.keep_scan:
                compressed_scan = compressed_scan or CompressedScan.from_scan(scan)
        except BrainTumorError as error:
            return self._failed_reading(reading_id, FailedScan(scan.name, str(error), scan.sha256))
        except Exception:
            _LOGGER.exception("Unexpected error while reading a scan")
            problem = f"{scan.name}: could not be read. Export the slice again as JPEG or PNG and try that."
            return self._failed_reading(reading_id, FailedScan(scan.name, problem, scan.sha256))
        return self._finish(reading_id, scan, detection, compressed_scan if self.options.keep_scan else None)

    def _decode(self, source: _Source) -> Scan | FailedScan:
        if isinstance(source, (Scan, FailedScan)):
            return source
        if not isinstance(source, Reading):
            return decode_image(source, self.detector.settings)
        if source.failed_scan is not None:
            return source.failed_scan
        if source.compressed_scan is None:
            raise ValueError("A scan can be read again only from a reading made with keep_scan=True.")
        return source.compressed_scan.to_scan()

    def _finish(
        self, reading_id: str, scan: Scan, detection: Detection, compressed_scan: CompressedScan | None
    ) -> Reading:
        options = self.options
        overlay = overlay_png(scan, detection) if options.overlay_folder or options.keep_overlay else None
        if options.overlay_folder and overlay:
            save_overlay(options.overlay_folder, detection, overlay)
        return Reading(
            reading_id,
            csv_row(detection),
            detection,
            compressed_scan,
            overlay if options.keep_overlay else None,
            render_report_scan(ReportEntry(scan, detection)) if options.keep_report_scan else None,
        )

    def _failed_reading(self, reading_id: str, scan: FailedScan) -> Reading:
        return Reading(reading_id, error_row(scan.name, scan.problem, self.version, scan.sha256))


def _number_slices(group: FileGroup, scans: Iterable[Scan | FailedScan]) -> Iterator[tuple[str, Scan | FailedScan]]:
    """Give each slice an ID: its number in the file, or in a series group a hash of its content and name.

    The ID of a slice in a series group does not depend on the other files, which the user can add and remove.
    """
    copies: Counter[str] = Counter()
    for number, scan in enumerate(scans):
        if group.kind is GroupKind.SERIES:
            content_id = short_hash(f"{scan.sha256 or ''}|{scan.name}")
            yield f"{group.id}-{content_id}.{copies[content_id]}", scan
            copies[content_id] += 1
        else:
            yield f"{group.id}-{number}", scan
