"""Predict: read files with one model into CSV, PDF and ZIP, showing progress and going on where a run was stopped."""

import hashlib
import os
import sys
import time
from collections import Counter, deque
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from braintumor.enums import RESEARCH_USE, Verdict
from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.inference.registry import CARD_FILE
from braintumor.reporting.csv_export import format_cell, to_csv
from braintumor.reporting.labels import pluralize
from braintumor.reporting.overlays import overlay_path
from braintumor.services.batch_outputs import OutputPaths, ReportWriter
from braintumor.services.file_discovery import DiscoveredFiles, discover_files
from braintumor.services.reading import OutputOptions, ReadingResult, iter_sources, read_all, sha256_or_none
from braintumor.services.resume_log import ResumeLog
from braintumor.settings import Settings, get_settings


@dataclass(slots=True)
class RunSummary:
    """What a run came to."""

    version: str
    seconds: float = 0.0
    resumed: int = 0
    skipped: int = 0
    failed: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def count_row(self, verdict: object, error: object) -> None:
        """Take one row in."""
        if error:
            self.failed += 1
        else:
            self.verdicts[str(verdict)] += 1

    def __str__(self) -> str:
        """A few sentences for the person who ran it."""
        read = self.verdicts.total()
        counts = ", ".join(f"{self.verdicts[v]} {v}" for v in Verdict if self.verdicts[v])
        said = [
            f"{pluralize(read, 'scan')} read by {self.version} in {self.seconds:.1f} s{f': {counts}' if counts else ''}."
        ]
        if self.resumed:
            said.append(f"{pluralize(self.resumed, 'row')} taken over from the run that was stopped.")
        if self.failed:
            said.append(f"{pluralize(self.failed, 'file')} could not be read; the column `error` says why.")
        if self.skipped:
            said.append(f"{pluralize(self.skipped, 'file')} of other kinds passed over.")
        return " ".join([*said, RESEARCH_USE])


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of one run share."""

    detector: Detector
    discovered: DiscoveredFiles
    workers: int
    output_paths: OutputPaths
    report_writer: ReportWriter
    summary: RunSummary

    def read(self, files: Sequence[str]) -> Generator[ReadingResult, None, None]:
        """Readings of these files, then of all slices, with a progress bar and each failure on standard error."""
        wish = OutputOptions(
            self.output_paths.overlay_folder, self.report_writer.is_enabled, bool(self.output_paths.zip_file)
        )
        sources = iter_sources(files, self.discovered.volumes, self.detector.settings)
        # How many slices a DICOM folder, a volume or a ZIP holds is not known before it is read.
        total = None if self.discovered.volumes else len(self.discovered.files)
        with closing(read_all(self.detector, sources, self.workers, wish)) as reads:
            for read in tqdm(reads, "Reading", total, initial=self.summary.resumed, unit="scan", disable=None):
                if read.row["error"]:
                    tqdm.write(f"braintumor: {format_cell(read.row['error'])}", file=sys.stderr)
                self.summary.count_row(read.row["verdict"], read.row["error"])
                self.report_writer.add(read)
                yield read


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
) -> RunSummary:
    """Read scans and write one row for each.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders and patterns; see `find_scans`. Pictures come first, in their order, then the slices of DICOM
        files (by series, in slice order), volumes and archives.
    version : str, optional
        Model to read with; the one in the settings by default.
    csv_file, overlays, pdf, bundle, patient_label : optional
        Where the results go, see `Targets`; rows to `stream` by default.
    stream : text file, optional
        Standard output by default.

    Raises
    ------
    ScanError
        Nothing was found to read.
    ArtifactError
        There is no such model.
    BrainTumorError
        The results cannot be written.
    """
    targets, settings = (
        OutputPaths(csv_file, overlay_folder, pdf_file, zip_file, patient_label),
        settings or get_settings(),
    )
    targets.check()
    started = time.perf_counter()
    found = discover_files(sources, targets.overlay_folder)
    workers = settings.workers or available_cores()
    detector = Detector.load(version, settings.model_copy(update={"threads": settings.threads or 1}))
    outcome = RunSummary(detector.version, skipped=found.skipped)
    try:
        with closing(ReportWriter(detector, targets.pdf_file, targets.zip_file, targets.patient_label)) as reports:
            run = _Run(detector, found, workers, targets, reports, outcome)
            if targets.csv_file is None:
                _write_to_stream(run, stream or sys.stdout)
            else:
                _write_to_file(run, targets.csv_file)
            reports.finish()
    except OSError as error:
        raise BrainTumorError(
            f"{error.filename or targets.csv_file or 'standard output'}: cannot be written ({error.strerror}). "
            "Free some space or give another place, then run the same command again."
        ) from error
    outcome.seconds = time.perf_counter() - started
    return outcome


def available_cores() -> int:
    """Cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write_to_stream(run: _Run, stream: TextIO) -> None:
    with closing(run.read(run.discovered.files)) as reads:
        try:
            stream.write(to_csv([]))
            for read in reads:
                stream.write(to_csv([read.row], header=False))
                stream.flush()
        except BrokenPipeError:  # whoever takes the rows, such as `head`, has seen enough
            if stream is sys.stdout:  # or Python complains once more when it flushes at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if run.report_writer.is_enabled:  # of all scans, however many rows were looked at
                deque(reads, maxlen=0)


def _write_to_file(run: _Run, target: Path) -> None:
    journal = ResumeLog(target, hashlib.sha256(run.detector.artifact.path(CARD_FILE).read_bytes()).hexdigest())
    lines = {} if run.report_writer.is_enabled else _load_resumable_lines(journal, run)
    missing = [file for file in run.discovered.files if file not in lines]
    journal.start(lines.values())
    with closing(journal), closing(run.read(missing)) as reads:
        for file, read in zip(missing, reads, strict=False):
            lines[file] = journal.add(read.row)
        of_slices = [journal.add(read.row) for read in reads]
    journal.finish([*(lines[file] for file in run.discovered.files), *of_slices])


def _load_resumable_lines(resume_log: ResumeLog, run: _Run) -> dict[str, str]:
    """Lines of pictures read by an earlier run: same model, same content, overlay in its place."""
    earlier, lines = resume_log.load_completed(), {}
    overlays = run.output_paths.overlay_folder
    for file in run.discovered.files if earlier else ():
        line, row = earlier.get(format_cell(file), ("", {}))
        if not row or not row["sha256"] or row["sha256"] != sha256_or_none(file):
            continue
        if overlays and not row["error"] and not overlay_path(overlays, file, row["sha256"]).is_file():
            continue
        lines[file] = line
        run.summary.resumed += 1
        run.summary.count_row(row["verdict"], row["error"])
    return lines
