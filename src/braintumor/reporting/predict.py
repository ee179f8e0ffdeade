"""Predict: read files with one model into a CSV, showing progress and going on where an earlier run was stopped."""

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from braintumor.errors import BrainTumorError
from braintumor.inference import Detector
from braintumor.inference.artifact import CARD
from braintumor.reporting.batch import hash_of, read_rows
from braintumor.reporting.csv import Row, cell_text, to_csv
from braintumor.reporting.finding import find_scans
from braintumor.reporting.journal import Journal
from braintumor.reporting.outcome import Outcome
from braintumor.reporting.overlays import overlay_path
from braintumor.settings import Settings, get_settings


def predict(
    sources: Sequence[str | Path],
    version: str | None = None,
    csv_file: Path | None = None,
    overlays: Path | None = None,
    settings: Settings | None = None,
    stream: TextIO | None = None,
) -> Outcome:
    """Read scans and write one row for each.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders and patterns; see `find_scans`.
    version : str, optional
        Model to read with; the one in the settings by default.
    csv_file : Path, optional
        Where the rows go. While it works they lie in `csv_file` + `.part`; started again after being stopped, it takes
        them over and reads only what is missing. Without it the rows go to `stream` as they are made.
    overlays : Path, optional
        Folder for a picture of each scan with its heat map.
    stream : text file, optional
        Standard output by default.

    Raises
    ------
    ScanError
        Nothing was found to read.
    ArtifactError
        There is no such model.
    BrainTumorError
        The rows or overlays cannot be written.
    """
    if csv_file and csv_file.is_dir():
        raise BrainTumorError(f"{csv_file}: this is a folder. Give the name of a file in it.")
    settings = settings or get_settings()
    started = time.perf_counter()
    found = find_scans(sources, overlays)
    workers = settings.workers or available_cores()
    detector = Detector.load(version, settings.model_copy(update={"threads": settings.threads or 1}))
    outcome = Outcome(detector.version, passed_over=found.passed_over)
    try:
        if csv_file is None:
            _to_stream(detector, found.files, workers, overlays, stream or sys.stdout, outcome)
        else:
            _to_file(detector, found.files, workers, overlays, csv_file, outcome)
    except OSError as error:
        raise BrainTumorError(
            f"{error.filename or csv_file or 'standard output'}: cannot be written ({error.strerror}). "
            "Free some space or give another place, then run the same command again."
        ) from error
    outcome.seconds = time.perf_counter() - started
    return outcome


def available_cores() -> int:
    """Cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _to_stream(
    detector: Detector, files: Sequence[str], workers: int, overlays: Path | None, stream: TextIO, outcome: Outcome
) -> None:
    rows = read_rows(detector, files, workers, overlays)
    with closing(rows):
        try:
            stream.write(to_csv([]))
            for row in _shown(rows, len(files), 0):
                outcome.count(row["verdict"], row["error"])
                stream.write(to_csv([row], header=False))
                stream.flush()
        except BrokenPipeError:  # whoever takes the rows, such as `head`, has seen enough
            if stream is sys.stdout:  # or Python complains once more when it flushes at the end
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _to_file(
    detector: Detector, files: Sequence[str], workers: int, overlays: Path | None, target: Path, outcome: Outcome
) -> None:
    journal = Journal(target, hashlib.sha256(detector.artifact.path(CARD).read_bytes()).hexdigest())
    lines = _taken_over(journal, files, overlays, outcome)
    missing = [file for file in files if file not in lines]
    journal.start(lines.values())
    with closing(journal), closing(read_rows(detector, missing, workers, overlays)) as rows:
        for file, row in zip(missing, _shown(rows, len(files), len(lines)), strict=True):
            outcome.count(row["verdict"], row["error"])
            lines[file] = journal.add(row)
    journal.finish(lines[file] for file in files)


def _taken_over(journal: Journal, files: Sequence[str], overlays: Path | None, outcome: Outcome) -> dict[str, str]:
    """Lines of files read by an earlier run: same model, same content, overlay in its place."""
    earlier, lines = journal.finished(), {}
    for file in files if earlier else ():
        line, row = earlier.get(cell_text(file), ("", {}))
        if not row or not row["sha256"] or row["sha256"] != hash_of(file):
            continue
        if overlays and not row["error"] and not overlay_path(overlays, file, row["sha256"]).is_file():
            continue
        lines[file] = line
        outcome.kept += 1
        outcome.count(row["verdict"], row["error"])
    return lines


def _shown(rows: Iterable[Row], total: int, done: int) -> Iterator[Row]:
    """Rows as they pass, with a progress bar and each failure on standard error."""
    for row in tqdm(rows, "Reading", total, initial=done, unit="scan", disable=None):
        if row["error"]:
            tqdm.write(f"braintumor: {cell_text(row['error'])}", file=sys.stderr)
        yield row
