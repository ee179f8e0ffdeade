"""Predict: read files with one model into CSV, PDF and ZIP, showing progress and going on where a run was stopped."""

import hashlib
import os
import sys
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.inference.artifact import CARD
from braintumor.reporting.batch import Read, Wish, hash_of, read_all
from braintumor.reporting.csv import cell_text, to_csv
from braintumor.reporting.finding import Found, find_scans
from braintumor.reporting.journal import Journal
from braintumor.reporting.outcome import Outcome
from braintumor.reporting.overlays import overlay_path
from braintumor.reporting.report_files import ReportFiles
from braintumor.reporting.slices import slices
from braintumor.reporting.targets import Targets
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of one run share."""

    detector: Detector
    found: Found
    workers: int
    targets: Targets
    reports: ReportFiles
    outcome: Outcome

    def read(self, files: Sequence[str]) -> Generator[Read, None, None]:
        """Readings of these files, then of all slices, with a progress bar and each failure on standard error."""
        wish = Wish(self.targets.overlays, self.reports.wanted, bool(self.targets.bundle))
        sources = slices(files, self.found.volumes, self.detector.settings)
        # How many slices a DICOM folder, a volume or a ZIP holds is not known before it is read.
        total = None if self.found.volumes else len(self.found.files)
        with closing(read_all(self.detector, sources, self.workers, wish)) as reads:
            for read in tqdm(reads, "Reading", total, initial=self.outcome.kept, unit="scan", disable=None):
                if read.row["error"]:
                    tqdm.write(f"braintumor: {cell_text(read.row['error'])}", file=sys.stderr)
                self.outcome.count(read.row["verdict"], read.row["error"])
                self.reports.take(read)
                yield read


def predict(
    sources: Sequence[str | Path],
    version: str | None = None,
    csv_file: Path | None = None,
    overlays: Path | None = None,
    settings: Settings | None = None,
    stream: TextIO | None = None,
    *,
    pdf: Path | None = None,
    bundle: Path | None = None,
    patient_label: str = "",
) -> Outcome:
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
    targets, settings = Targets(csv_file, overlays, pdf, bundle, patient_label), settings or get_settings()
    targets.check()
    started = time.perf_counter()
    found = find_scans(sources, targets.overlays)
    workers = settings.workers or available_cores()
    detector = Detector.load(version, settings.model_copy(update={"threads": settings.threads or 1}))
    outcome = Outcome(detector.version, passed_over=found.passed_over)
    try:
        with closing(ReportFiles(detector, targets.pdf, targets.bundle, targets.patient_label)) as reports:
            run = _Run(detector, found, workers, targets, reports, outcome)
            if targets.csv is None:
                _to_stream(run, stream or sys.stdout)
            else:
                _to_file(run, targets.csv)
            reports.finish()
    except OSError as error:
        raise BrainTumorError(
            f"{error.filename or targets.csv or 'standard output'}: cannot be written ({error.strerror}). "
            "Free some space or give another place, then run the same command again."
        ) from error
    outcome.seconds = time.perf_counter() - started
    return outcome


def available_cores() -> int:
    """Cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _to_stream(run: _Run, stream: TextIO) -> None:
    with closing(run.read(run.found.files)) as reads:
        try:
            stream.write(to_csv([]))
            for read in reads:
                stream.write(to_csv([read.row], header=False))
                stream.flush()
        except BrokenPipeError:  # whoever takes the rows, such as `head`, has seen enough
            if stream is sys.stdout:  # or Python complains once more when it flushes at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if run.reports.wanted:  # of all scans, however many rows were looked at
                deque(reads, maxlen=0)


def _to_file(run: _Run, target: Path) -> None:
    journal = Journal(target, hashlib.sha256(run.detector.artifact.path(CARD).read_bytes()).hexdigest())
    lines = {} if run.reports.wanted else _taken_over(journal, run)
    missing = [file for file in run.found.files if file not in lines]
    journal.start(lines.values())
    with closing(journal), closing(run.read(missing)) as reads:
        for file, read in zip(missing, reads, strict=False):
            lines[file] = journal.add(read.row)
        of_slices = [journal.add(read.row) for read in reads]
    journal.finish([*(lines[file] for file in run.found.files), *of_slices])


def _taken_over(journal: Journal, run: _Run) -> dict[str, str]:
    """Lines of pictures read by an earlier run: same model, same content, overlay in its place."""
    earlier, lines = journal.finished(), {}
    overlays = run.targets.overlays
    for file in run.found.files if earlier else ():
        line, row = earlier.get(cell_text(file), ("", {}))
        if not row or not row["sha256"] or row["sha256"] != hash_of(file):
            continue
        if overlays and not row["error"] and not overlay_path(overlays, file, row["sha256"]).is_file():
            continue
        lines[file] = line
        run.outcome.kept += 1
        run.outcome.count(row["verdict"], row["error"])
    return lines
