"""Read files into results: the one loop behind the Detection page, `predict` and background jobs."""

import logging
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from braintumor.errors import BrainTumorError
from braintumor.imaging import FailedScan, Scan, SkippedScan
from braintumor.imaging.compressed_scan import CompressedScan
from braintumor.imaging.edits import ScanEdit, apply_edit
from braintumor.imaging.picture.scan_examination import examine_scan
from braintumor.inference import Detection, Detector
from braintumor.inference.study.detect_study import detect_part
from braintumor.inference.study.reading import StudyReading
from braintumor.inference.study.study_slice import StudySlice, to_study_slice
from braintumor.reporting.csv_export import csv_row, error_row
from braintumor.reporting.overlays import overlay_png, save_overlay
from braintumor.reporting.report_scan import ReportEntry, render_report_scan
from braintumor.services.file_groups import (
    FileGroup,
    GroupKind,
    ReadableFile,
    decode_image,
    decode_numbered,
    file_content,
)
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.settings import Settings

if TYPE_CHECKING:
    from concurrent.futures import Future

_LOGGER = logging.getLogger(__name__)
# Enough pending scans that no thread waits for the slowest one, few enough to keep memory use constant.
_PENDING_PER_WORKER: Final = 4
# Slices of a series that one thread reads together: a few, so that the first results come soon.
_BATCH_SIZE: Final = 4

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

    Attributes
    ----------
    skipped : dict of group key to list of SkippedScan
        Files and slices skipped so far, in order; they give no readings.
    """

    def __init__(self, detector: Detector, workers: int = 1, options: ReadingOptions | None = None) -> None:
        self.detector, self.workers, self.options = detector, workers, options or ReadingOptions()
        self.skipped: dict[str, list[SkippedScan]] = {}

    @property
    def version(self) -> str:
        """The model version."""
        return self.detector.version

    @property
    def settings(self) -> Settings:
        """Limits for what is read."""
        return self.detector.settings

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
                for batch in _iter_batches(sources):
                    yield from self._read_batch(batch)
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
                self.skipped[group.key] = []
                yield from decode_numbered(group, self.detector.settings, self.skipped[group.key])

    def read_ahead(self, group: FileGroup) -> StudyReading | None:
        """Return the verdict on a series or volume from part of its slices, which are not kept; see `detect_part`."""
        try:
            return detect_part(self.detector, [(file.name, file_content(file)) for file in group.files])
        except BrainTumorError:
            return None  # `read` reports it
        except Exception:
            _LOGGER.exception("Unexpected error while reading ahead")
            return None

    def reread(self, reading: Reading, edit: ScanEdit) -> Reading:
        """Read a slice again as the reader changed it; the edit replaces the previous one.

        A slice that cannot be read with the edit gives a reading with an `error` and the scan, so that the edit can be
        undone.

        Parameters
        ----------
        reading : Reading
            A result of any version, made with `keep_scan=True`.
        """
        return self._read_source(reading.id, replace(reading, edit=edit))

    def _read_batch(self, batch: Sequence[tuple[str, _Source]]) -> Iterator[Reading]:
        """Read slices together; one by one if there is only one or they cannot be read together."""
        scans = [scan for _, scan in batch if isinstance(scan, Scan)]
        try:
            scans = [examine_scan(scan) for scan in scans] if len(batch) > 1 else []
            detections = self.detector.detect_batch(scans)
            originals = [CompressedScan.from_scan(scan) if self.options.keep_scan else None for scan in scans]
        except Exception:  # reading them one by one finds and reports the one that fails
            scans, detections, originals = [], [], []
        if not scans:
            yield from (self._read_source(*source) for source in batch)
            return
        for (reading_id, _), scan, detection, original in zip(batch, scans, detections, originals, strict=True):
            yield self._finish(reading_id, detection.as_read(scan), detection, ScanEdit(), original)

    def _read_source(self, reading_id: str, source: _Source) -> Reading:
        original = source.source_scan if isinstance(source, Reading) else None
        edit = source.edit if isinstance(source, Reading) else ScanEdit()
        scan = self._decode(source)
        if isinstance(scan, FailedScan):
            return self._failed_reading(reading_id, scan)
        try:
            scan = examine_scan(scan)
            edited = apply_edit(scan, edit)
            detection = self.detector.detect(edited)
            if self.options.keep_scan:
                original = original or CompressedScan.from_scan(scan)
        except BrainTumorError as error:
            failed = self._failed_reading(reading_id, FailedScan(scan.name, str(error), scan.sha256))
            return failed if edit.is_empty else replace(failed, edit=edit, original_scan=original)
        except Exception:
            _LOGGER.exception("Unexpected error while reading a scan")
            problem = f"{scan.name}: could not be read. Export the slice again as JPEG or PNG and try that."
            return self._failed_reading(reading_id, FailedScan(scan.name, problem, scan.sha256))
        return self._finish(reading_id, detection.as_read(edited), detection, edit, original)

    def _decode(self, source: _Source) -> Scan | FailedScan:
        if isinstance(source, (Scan, FailedScan)):
            return source
        if not isinstance(source, Reading):
            return decode_image(source, self.detector.settings)
        if source.source_scan is not None:
            return source.source_scan.to_scan()
        if source.failed_scan is not None:
            return source.failed_scan
        raise ValueError("A scan can be read again only from a reading made with keep_scan=True.")

    def _finish(
        self, reading_id: str, scan: Scan, detection: Detection, edit: ScanEdit, original: CompressedScan | None
    ) -> Reading:
        """Return the result for a scan as it was read."""
        options = self.options
        overlay = overlay_png(scan, detection) if options.overlay_folder or options.keep_overlay else None
        if options.overlay_folder and overlay:
            save_overlay(options.overlay_folder, detection, overlay)
        is_changed = bool(detection.turn) or not edit.is_empty
        changed_scan = CompressedScan.from_scan(scan) if is_changed and options.keep_scan else None
        return Reading(
            reading_id,
            csv_row(detection),
            detection,
            changed_scan or (original if options.keep_scan else None),
            overlay if options.keep_overlay else None,
            render_report_scan(ReportEntry(scan, detection)) if options.keep_report_scan else None,
            edit,
            original if changed_scan else None,
            make_study_slice(detection, reading_id, edit),
        )

    def _failed_reading(self, reading_id: str, scan: FailedScan) -> Reading:
        return Reading(reading_id, error_row(scan.name, scan.problem, self.version, scan.sha256))


def _iter_batches(sources: Iterable[tuple[str, _Source]]) -> Iterator[list[tuple[str, _Source]]]:
    """Yield slices of series in batches, and everything else on its own."""
    batch: list[tuple[str, _Source]] = []
    for reading_id, source in sources:
        is_slice = isinstance(source, Scan) and source.series is not None
        if batch and not is_slice:
            yield batch
            batch = []
        batch.append((reading_id, source))
        if not is_slice or len(batch) == _BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def make_study_slice(detection: Detection, reading_id: str, edit: ScanEdit) -> StudySlice | None:
    """Return what the answer for a study needs; an edited slice no longer lies where its file says."""
    if detection.series is None:
        return None
    study_slice = to_study_slice(detection, reading_id)
    return study_slice if edit.is_empty else replace(study_slice, box=None)
