"""`braintumor predict`: read files with one model and write CSV, PDF and ZIP, resuming a run that was stopped."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from braintumor.errors import BrainTumorError
from braintumor.fileio import sha256_file
from braintumor.inference import Detector
from braintumor.inference.model_card import CARD_FILE
from braintumor.inference.study.detect_study import study_rule
from braintumor.reporting.csv_export import BYTE_ORDER_MARK, CsvRow, format_cell, parse_lines, to_csv
from braintumor.reporting.overlays import overlay_path
from braintumor.services.batch_outputs import ReportWriter, write_workbook
from braintumor.services.file_discovery import DiscoveredFiles, discover_files
from braintumor.services.file_groups import group_paths, sha256_or_none
from braintumor.services.output_paths import OutputPaths
from braintumor.services.reading import ReadingService
from braintumor.services.reading_result import Reading, ReadingOptions
from braintumor.services.resume_log import ResumeLog
from braintumor.services.run_summary import RunSummary
from braintumor.services.study_results import StudyCollector, study_csv_rows
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class _Run:
    """State shared by the steps of one run."""

    detector: Detector
    discovered: DiscoveredFiles
    workers: int
    output_paths: OutputPaths
    report_writer: ReportWriter
    summary: RunSummary

    def read(self, images: Sequence[str]) -> Generator[Reading, None, None]:
        """Read these images and then all slices, with a progress bar; errors go to standard error."""
        options = ReadingOptions(
            overlay_folder=self.output_paths.overlay_folder,
            keep_overlay=bool(self.output_paths.zip_file),
            keep_report_scan=self.report_writer.is_enabled,
        )
        service = ReadingService(self.detector, self.workers, options)
        # The number of slices in DICOM folders, volumes and archives is not known before they are read.
        total = None if self.discovered.volumes else len(self.discovered.files)
        groups = group_paths(images, self.discovered.volumes)
        studies = StudyCollector(study_rule(self.detector.artifact.card))
        with closing(service.read(groups)) as readings:
            for reading in _report_progress(readings, total, self.summary.resumed):
                self.summary.count_row(reading.row["verdict"], reading.error)
                self.report_writer.add(reading)
                studies.add(reading)
                yield reading
        self.summary.studies = studies.results()
        for scans in service.skipped.values():
            for scan in scans:
                self.summary.count_skipped(scan)


def predict(
    sources: Sequence[str | Path],
    version: str | None = None,
    csv_file: Path | None = None,
    overlay_folder: Path | None = None,
    settings: Settings | None = None,
    stream: TextIO | None = None,
    *,
    pdf_file: Path | None = None,
    zip_file: Path | None = None,
    patient_label: str = "",
    xlsx_file: Path | None = None,
    with_bom: bool = False,
    language: str = "en",
) -> RunSummary:
    """Read scans and write one row for each.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders and patterns; see `discover_files`. Images come first, in their order, then the slices of DICOM
        files (by series, in slice order), volumes and archives.
    version : str, optional
        Model version. Default: the one in the settings.
    csv_file, overlay_folder, pdf_file, zip_file, patient_label, xlsx_file, with_bom : optional
        Where the results go, see `OutputPaths`. Default: rows are written to `stream`.
    stream : text file, optional
        Default: standard output.
    language : str
        Language of the explanations in the report; see `braintumor.explanation`.

    Raises
    ------
    ScanError
        No file to read was found.
    ArtifactError
        The model does not exist.
    BrainTumorError
        The results cannot be written.
    """
    output_paths = OutputPaths(csv_file, overlay_folder, pdf_file, zip_file, patient_label, xlsx_file, with_bom)
    output_paths.check()
    settings = settings or get_settings()
    start = time.perf_counter()
    discovered = discover_files(sources, overlay_folder)
    output_paths.check_sources((*discovered.files, *discovered.volumes))
    workers = settings.workers or available_cores()
    if len(discovered.files) <= 1 and not discovered.volumes:  # one image needs no threads
        workers = 1
    detector = Detector.load(version, settings.model_copy(update={"threads": settings.threads or 1}))
    summary = RunSummary(detector.version, non_scans=discovered.skipped)
    try:
        with closing(ReportWriter(detector, pdf_file, zip_file, patient_label, language)) as report_writer:
            run = _Run(detector, discovered, workers, output_paths, report_writer, summary)
            rows = _write_to_file(run, csv_file) if csv_file else _write_to_stream(run, stream or sys.stdout)
            if xlsx_file:
                write_workbook(rows, xlsx_file)
            report_writer.finish(summary.studies)
    except OSError as error:
        raise BrainTumorError(
            f"{error.filename or csv_file or 'standard output'}: cannot be written ({error.strerror}). "
            "Free some disk space or choose another path, then run the same command again."
        ) from error
    summary.seconds = time.perf_counter() - start
    return summary


def available_cores() -> int:
    """Return the number of cores this process may use; in a container it can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _report_progress(readings: Iterable[Reading], total: int | None, initial: int) -> Iterator[Reading]:
    """Print the error of each reading, and show a progress bar on a terminal unless there is a single image."""
    write: Callable[..., None] = print
    if total != 1:
        from tqdm import tqdm  # not needed for a single image

        readings = tqdm(readings, "Reading", total, initial=initial, unit="scan", disable=None)
        write = tqdm.write
    for reading in readings:
        if reading.error:
            write(f"braintumor: {format_cell(reading.error)}", file=sys.stderr)
        yield reading


def _write_to_stream(run: _Run, stream: TextIO) -> Iterable[CsvRow]:
    """Write each row as soon as it is known; return all rows, which are collected only if a workbook needs them."""
    rows: deque[CsvRow] = deque(maxlen=None if run.output_paths.xlsx_file else 0)
    with closing(run.read(run.discovered.files)) as readings:
        try:
            stream.write(f"{BYTE_ORDER_MARK if run.output_paths.with_bom else ''}{to_csv([])}")
            for reading in readings:
                rows.append(reading.row)
                stream.write(to_csv([reading.row], header=False))
                stream.flush()
            rows.extend(study_csv_rows(run.summary.studies))
            stream.write(to_csv(study_csv_rows(run.summary.studies), header=False))
        except BrokenPipeError:  # the reader of the pipe, such as `head`, has closed it
            if stream is sys.stdout:  # avoid a second error when Python flushes at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if run.report_writer.is_enabled or run.output_paths.xlsx_file:  # these still need all scans
                rows.extend(reading.row for reading in readings)
    return rows


def _write_to_file(run: _Run, csv_file: Path) -> Iterable[CsvRow]:
    """Write all rows when the last one is known; return them in the order of the file."""
    resume_log = ResumeLog(csv_file, sha256_file(run.detector.artifact.path(CARD_FILE)))
    lines = {} if run.report_writer.is_enabled else _load_resumable_lines(resume_log, run)
    missing = [image for image in run.discovered.files if image not in lines]
    resume_log.start(lines.values())
    with closing(resume_log), closing(run.read(missing)) as readings:
        for image, reading in zip(missing, readings, strict=False):
            lines[image] = resume_log.add(reading.row)
        slice_lines = [resume_log.add(reading.row) for reading in readings]
    study_lines = [to_csv([row], header=False) for row in study_csv_rows(run.summary.studies)]
    all_lines = [*(lines[image] for image in run.discovered.files), *slice_lines, *study_lines]
    resume_log.finish(all_lines, with_bom=run.output_paths.with_bom)
    return parse_lines(all_lines)


def _load_resumable_lines(resume_log: ResumeLog, run: _Run) -> dict[str, str]:
    """Return the lines of images that need not be read again: same model, same content, overlay present."""
    completed, lines = resume_log.load_completed(), {}
    overlay_folder = run.output_paths.overlay_folder
    for image in run.discovered.files if completed else ():
        line, row = completed.get(format_cell(image), ("", {}))
        if not row or not row["sha256"] or row["sha256"] != sha256_or_none(Path(image)):
            continue
        if overlay_folder and not row["error"] and not overlay_path(overlay_folder, image, row["sha256"]).is_file():
            continue
        lines[image] = line
        run.summary.resumed += 1
        run.summary.count_row(row["verdict"], row["error"])
    return lines
