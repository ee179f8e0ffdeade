"""Variation of a metric over the seeds of a recipe."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from braintumor.inference.model_card import EVALUATION_FILE
from braintumor.inference.runs import Run, list_run_names
from braintumor.results.version import VersionReport, read_version_report
from braintumor.settings import Settings, get_settings


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """Values of one metric by seed, the shipped run's first."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return statistics.fmean(self.values)

    @property
    def std(self) -> float:
        """Sample standard deviation over the seeds."""
        return statistics.stdev(self.values)

    def percent(self) -> str:
        """Format a share with standard deviation and range: `91.0% ± 0.8 (90.1 to 92.0)`."""
        low, high = min(self.values), max(self.values)
        return f"{self.mean:.1%} \N{PLUS-MINUS SIGN} {100 * self.std:.1f} ({100 * low:.1f} to {100 * high:.1f})"

    def plain(self) -> str:
        """Format a number with standard deviation and range."""
        low, high = min(self.values), max(self.values)
        return f"{self.mean:.3f} \N{PLUS-MINUS SIGN} {self.std:.3f} ({low:.3f} to {high:.3f})"


def read_seed_reports(version: str, settings: Settings | None = None) -> dict[int, VersionReport]:
    """Read the reports of a version by seed under the protocol `group`, the shipped run first."""
    settings = settings or get_settings()
    runs = [Run.from_name(name) for name in list_run_names(settings.outputs, EVALUATION_FILE, version)]
    seeded = sorted((run for run in runs if run == Run(version, seed=run.seed)), key=lambda run: run.seed)
    return {run.seed: read_version_report(run.name, settings) for run in seeded}


def runs_by_seed(version: str, settings: Settings | None = None) -> dict[str, dict[int, VersionReport]]:
    """Read the reports by seed of a version and of its teacher, each if it was trained with several seeds.

    All seeds of a student have the same teachers, so their spread does not include that of the teachers. A version that
    continues from the network of another is followed by that one and its teacher.
    """
    recipe = read_version_report(version, settings).recipe
    versions, source = [version], recipe.get("weights", "none")
    if source not in ("none", "imagenet"):
        recipe = read_version_report(source, settings).recipe
        versions.append(source)
    teachers = recipe.get("teachers")
    versions += [str(teachers["version"])] if isinstance(teachers, Mapping) else []
    reports_by_version = {name: read_seed_reports(name, settings) for name in versions}
    return {name: reports for name, reports in reports_by_version.items() if len(reports) > 1}


def shared_teachers_note(runs: Mapping[str, Mapping[int, VersionReport]]) -> str:
    """Return a note on the shared teachers of a student's seeds; empty if there is no teacher."""
    student = next(iter(runs), "")
    return f" All seeds of {student} have the same teachers; their spread is not included." if len(runs) > 1 else ""


def seed_spread(reports: Mapping[int, VersionReport], split: str, metric: str) -> SeedSpread | None:
    """Collect one metric of one split over the seeds; None if fewer than two seeds have it."""
    metrics = [report.metric(split, metric) for report in reports.values()]
    values = tuple(entry.value for entry in metrics if entry is not None)
    return SeedSpread(values) if len(values) > 1 else None
