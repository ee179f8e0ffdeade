"""Explain: for each scan the figure that shows what its answer rests on, saved under a name of its own."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tqdm import tqdm

from braintumor.enums import RESEARCH_USE
from braintumor.errors import BrainTumorError
from braintumor.fileio import write_atomically
from braintumor.imaging import FailedScan, Scan
from braintumor.inference import Detector
from braintumor.inference.registry import Artifact
from braintumor.inference.saliency import NO_ENSEMBLE_SALIENCY, GradientFunction
from braintumor.reporting.csv_export import format_cell
from braintumor.reporting.explanation_figure import render_explanation
from braintumor.reporting.explanation_grid import render_cell, render_grid
from braintumor.reporting.labels import pluralize
from braintumor.reporting.overlays import overlay_name
from braintumor.services.file_discovery import DiscoveredFiles, discover_files
from braintumor.services.file_groups import LocalFile, decode_group, decode_image, group_paths
from braintumor.settings import Settings, get_settings

# Finds a gradient for a version that keeps none, or says in an error how to get it.
GradientFinder = Callable[[Artifact], GradientFunction]


@dataclass(slots=True)
class Explanation:
    """What a run came to: the figures, how many scans gave none, and what could not be shown and why."""

    version: str
    folder: Path
    figures: list[Path] = field(default_factory=list)
    failed: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A few sentences for the person who ran it."""
        said = [f"{pluralize(len(self.figures), 'figure')} by {self.version} in {self.folder}."]
        if self.failed:
            said.append(f"{pluralize(self.failed, 'file')} could not be read.")
        return " ".join([*said, *self.notes, RESEARCH_USE])


class ExplanationBuilder:
    """A detector with whatever gradient there is for its version."""

    def __init__(self, detector: Detector, finder: GradientFinder | None = None) -> None:
        self.detector, self._finder = detector, finder
        self.notes: list[str] = []

    def render_figure(self, scan: Scan) -> bytes:
        """The figure of a scan as PNG."""
        found = self.detector.detect(scan)
        return render_explanation(scan, found, self.detector.saliency(scan, self._gradient))

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
) -> Explanation:
    """Save a figure of each scan: original, heat map, both together, and saliency where there is a gradient.

    Parameters
    ----------
    sources : sequence of str or Path
        Files, folders and patterns, as `predict` takes them; of a volume, every slice.
    folder : Path
        Where figures go: `<name>-<first 8 digits of the file's hash>-<version>.png`.
    version : str, optional
        The one in the settings by default.
    finder : GradientFinder, optional
        Asked where the version has no gradient graph.
    cases : sequence of (Path, str), optional
        Scans and their labels, for a grid of them all: `grid-<version>.png`.

    Raises
    ------
    ScanError
        Nothing was found to read.
    ArtifactError
        There is no such version.
    BrainTumorError
        A figure cannot be written.
    """
    settings = settings or get_settings()
    found = discover_files(sources, folder) if sources else DiscoveredFiles((), 0)
    explainer = ExplanationBuilder(Detector.load(version, settings), finder)
    done = Explanation(explainer.detector.version, folder)
    total = None if found.volumes else len(found.files)
    groups = group_paths(found.files, found.volumes)
    scans = (scan for group in groups for scan in decode_group(group, settings))
    for scan in tqdm(scans, "Explaining", total, unit="scan", disable=None):
        if isinstance(scan, FailedScan):
            _report_failure(scan, done)
        else:
            stem = overlay_name(scan.name, scan.sha256).removesuffix(".png")
            done.figures.append(save_file(folder / f"{stem}-{done.version}.png", explainer.render_figure(scan)))
    if cells := [
        render_cell(scan, label, explainer.detector.detect(scan))
        for scan, label in _iter_labelled_scans(cases, settings, done)
    ]:
        done.figures.append(save_file(folder / f"grid-{done.version}.png", render_grid(cells, done.version)))
    done.notes += explainer.notes
    return done


def _iter_labelled_scans(
    cases: Sequence[tuple[Path, str]], settings: Settings, explanation: Explanation
) -> Iterator[tuple[Scan, str]]:
    for path, label in tqdm(cases, "Reading the grid's scans", unit="scan", disable=None if cases else True):
        scan = decode_image(LocalFile(str(path)), settings)
        if isinstance(scan, FailedScan):
            _report_failure(scan, explanation)
        else:
            yield scan, label


def _report_failure(scan: FailedScan, explanation: Explanation) -> None:
    """Count an unreadable file and report it on standard error."""
    tqdm.write(f"braintumor: {format_cell(scan.problem)}", file=sys.stderr)
    explanation.failed += 1


def save_file(path: Path, content: bytes) -> Path:
    """Write a file, whole or not at all, and return its path.

    Raises
    ------
    BrainTumorError
        It cannot be written there.
    """
    try:
        return write_atomically(path, content)
    except OSError as error:
        raise BrainTumorError(
            f"{path}: cannot be written ({error.strerror}). Free some space or give another folder with --out."
        ) from error
