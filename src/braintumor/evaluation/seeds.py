"""Seeds: the same recipe fitted with several seeds, and how far its numbers move from one to the next."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

from braintumor.evaluation.report import VersionReport, list_evaluated_runs, read_version_report
from braintumor.settings import Settings, get_settings

_SEED_SUFFIX = "-seed"


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
        """Standard deviation over the seeds, of the sample."""
        return statistics.stdev(self.values)

    def percent(self) -> str:
        """As a share, such as `91.0% ± 0.8 (90.1 to 92.0)`."""
        low, high = min(self.values), max(self.values)
        return f"{self.mean:.1%} \N{PLUS-MINUS SIGN} {100 * self.std:.1f} ({100 * low:.1f} to {100 * high:.1f})"

    def plain(self) -> str:
        """As a number."""
        low, high = min(self.values), max(self.values)
        return f"{self.mean:.3f} \N{PLUS-MINUS SIGN} {self.std:.3f} ({low:.3f} to {high:.3f})"


def split_seed_suffix(name: str) -> tuple[str, int | None]:
    """The version that a folder's name says it holds one more seed of, with that seed; the name and None else."""
    base, _, number = name.rpartition(_SEED_SUFFIX)
    return (base, int(number)) if base and number.isdigit() else (name, None)


def read_seed_reports(version: str, settings: Settings | None = None) -> dict[int, VersionReport]:
    """Reports of a version by seed: its own first, then those of `outputs/<version>-seed<N>`."""
    settings = settings or get_settings()
    own = read_version_report(version, settings)
    seed = own.card_value("seed")
    found = {int(seed): own} if isinstance(seed, int) and own.evaluation else {}
    for name in list_evaluated_runs(settings):
        base, another = split_seed_suffix(name)
        if base == version and another is not None:
            found.setdefault(another, read_version_report(name, settings))
    return found


def runs_by_seed(version: str, settings: Settings | None = None) -> dict[str, dict[int, VersionReport]]:
    """Reports by seed of a version, and of the one whose seeds taught it, where either was fitted with several.

    Seeds of a version that was taught have the same teachers, whose own spread is not in theirs.
    """
    taught = read_version_report(version, settings).card_value("recipe", "teachers", "versions")
    names = [version, *(taught[:1] if isinstance(taught, list) else [])]
    found = {str(name): read_seed_reports(str(name), settings) for name in names}
    return {name: reports for name, reports in found.items() if len(reports) > 1}


def shared_teachers_note(version: str, runs: Mapping[str, Mapping[int, VersionReport]]) -> str:
    """What to know of the seeds of a version beside those of its teacher; empty where there is no teacher."""
    return f" Seeds of {version} have the same teachers, whose own spread is not in theirs." if len(runs) > 1 else ""


def seed_spread(reports: Mapping[int, VersionReport], split: str, metric: str) -> SeedSpread | None:
    """How one metric of one split moves over the seeds; None where fewer than two seeds have it."""
    estimates = [report.metric(split, metric) for report in reports.values()]
    values = tuple(estimate.value for estimate in estimates if estimate is not None)
    return SeedSpread(values) if len(values) > 1 else None
