"""`braintumor explain`: write a figure for each scan that shows what its prediction is based on."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tqdm import tqdm

from braintumor.enums import RESEARCH_USE
from braintumor.errors import BrainTumorError
from braintumor.fileio import write_atomically
from braintumor.imaging import FailedScan, Scan, SkippedScan
from braintumor.inference import Detector
from braintumor.inference.registry import Artifact
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY, GradientFunction
from braintumor.reporting.csv_export import format_cell
from braintumor.reporting.explanation_figure import render_explanation
from braintumor.reporting.explanation_grid import render_cell, render_grid
from braintumor.reporting.overlays import overlay_name
from braintumor.services.file_discovery import DiscoveredFiles, discover_files
from braintumor.services.file_groups import LocalFile, decode_group, decode_image, group_paths
from braintumor.settings import Settings, get_settings
from braintumor.text import pluralize

# Returns the gradient of a model without a gradient graph, or raises an error that says how to get it.
GradientFinder = Callable[[Artifact], GradientFunction]


@dataclass(slots=True)
class ExplainSummary:
    """Result of one run: the figures, the number of unreadable files, and notes about missing panels."""

    version: str
    folder: Path
    figures: list[Path] = field(default_factory=list)
    failed: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the summary as sentences for the user."""
        sentences = [f"{pluralize(len(self.figures), 'figure')} by {self.version} in {self.folder}."]
        if self.failed:
            sentences.append(f"{pluralize(self.failed, 'file')} could not be read.")
        return " ".join([*sentences, *self.notes, RESEARCH_USE])


class FigureRenderer:
    """Draws figures with a detector and the gradient of its model, if there is one."""

    def __init__(self, detector: Detector, finder: GradientFinder | None = None) -> None:
        self.detector, self._finder = detector, finder
        self.notes: list[str] = []

    def render(self, scan: Scan) -> bytes:
        """Draw the figure of a scan as PNG."""
        detection = self.detector.detect(scan)
        scan = detection.as_read(scan)
        return render_explanation(scan, detection, self.detector.saliency(scan, self._gradient))

    @cached_property
    def _gradient(self) -> GradientFunction | None:
        artifact = self.detector.artifact
        if artifact.card.members:
            self.notes.append(NO_ENSEMBLE_SALIENCY)
            return None
        if artifact.card.saliency or self._finder is None:
            return None
        try:
            return self._finder(artifact)
        except BrainTumorError as error:
            self.notes.append(f"Without saliency: {error}")
            return None


def explain(
    sources: Sequence[str | Path],
    folder: Path,
    version: str | None = None,
    settings: Settings | None = None,
    *,
    finder: GradientFinder | None = None,
    cases: Sequence[tuple[Path, str]] = (),
) -> ExplainSummary:
    """Write a figure of each scan: the scan, its heat map, both together, and saliency if there is a gradient.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders and patterns, as for `predict`; every slice of a volume is explained.
    folder : Path
        Folder of the figures, `<name>-<first 8 digits of the file's hash>-<version>.png`.
    version : str, optional
        By default the version of the settings.
    finder : GradientFinder, optional
        Called if the model has no gradient graph.
    cases : sequence of (Path, str), optional
        Scans with their labels, for a grid of all of them: `grid-<version>.png`.

    Raises
    ------
    ScanError
        There is no file to read.
    ArtifactError
        There is no such version.
    BrainTumorError
        A figure cannot be written.
    """
    settings = settings or get_settings()
    files = discover_files(sources, folder) if sources else DiscoveredFiles((), 0)
    renderer = FigureRenderer(Detector.load(version, settings), finder)
    summary = ExplainSummary(renderer.detector.version, folder)
    for scan in _iter_scans(files, settings):
        if isinstance(scan, FailedScan):
            _report_failure(scan, summary)
        else:
            stem = overlay_name(scan.name, scan.sha256).removesuffix(".png")
            summary.figures.append(_save_figure(folder / f"{stem}-{summary.version}.png", renderer.render(scan)))
    if cases:
        _write_grid(cases, renderer.detector, settings, summary)
    summary.notes += renderer.notes
    return summary


def _iter_scans(files: DiscoveredFiles, settings: Settings) -> Iterator[Scan | FailedScan]:
    total = None if files.volumes else len(files.files)  # the number of slices is unknown
    decoded = (scan for group in group_paths(files.files, files.volumes) for scan in decode_group(group, settings))
    scans = (scan for scan in decoded if not isinstance(scan, SkippedScan))
    yield from tqdm(scans, "Explaining", total, unit="scan", disable=None)


def _write_grid(
    cases: Sequence[tuple[Path, str]], detector: Detector, settings: Settings, summary: ExplainSummary
) -> None:
    cells = []
    for path, label in tqdm(cases, "Explaining the grid", unit="scan", disable=None):
        scan = decode_image(LocalFile(str(path)), settings)
        if isinstance(scan, FailedScan):
            _report_failure(scan, summary)
        else:
            detection = detector.detect(scan)
            cells.append(render_cell(detection.as_read(scan), label, detection))
    if cells:
        path = summary.folder / f"grid-{summary.version}.png"
        summary.figures.append(_save_figure(path, render_grid(cells, summary.version)))


def _report_failure(scan: FailedScan, summary: ExplainSummary) -> None:
    """Count an unreadable file and report it on standard error."""
    tqdm.write(f"braintumor: {format_cell(scan.problem)}", file=sys.stderr)
    summary.failed += 1


def _save_figure(path: Path, content: bytes) -> Path:
    try:
        return write_atomically(path, content)
    except OSError as error:
        raise BrainTumorError(
            f"{path}: cannot be written ({error.strerror}). Free some space or choose another folder with --out."
        ) from error
