"""Report: what is known of one version, read from its folder for pages. json and pandas only, tolerant of gaps."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from braintumor.enums import CLASS_NAMES, HOLDOUT_SPLIT, Protocol, Task
from braintumor.inference.runs import Run, list_run_names
from braintumor.results.metric import BINARY_LABELS, Curves, Metric, Metrics, parse_curves, parse_metrics
from braintumor.results.study import StudyCheck, model_fingerprint, parse_checks, read_checks
from braintumor.settings import Settings, get_settings

EVALUATION_FILE = "evaluation.json"
HISTORY_COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss", "learning_rate", "seconds")
PREDICTION_COLUMNS = ("path", "split", "label", "predicted", "tumor_probability", "verdict")


@dataclass(frozen=True, slots=True)
class VersionReport:
    """All a page shows of one version. What is missing or damaged is empty, and named in `gaps`."""

    version: str
    folder: Path
    card: dict[str, Any]
    evaluation: dict[str, Metrics]
    curves: dict[str, Curves]
    history: pd.DataFrame
    missing_files: tuple[str, ...]
    checks: dict[str, StudyCheck] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Whether anything is known of this version."""
        return bool(self.card or self.evaluation)

    @property
    def train_command(self) -> str:
        """Command that trains this run, such as `braintumor train v4 --seed 2` for `runs/v4/group-seed2`."""
        return Run.from_name(self.version).train_command

    @property
    def is_multiclass(self) -> bool:
        """Whether the version tells one kind of tumour from another, and not only tumour from none."""
        return bool(self.card.get("task") != Task.BINARY)

    @property
    def has_leakage(self) -> bool:
        """Whether it was fitted under a split that puts near-duplicates, and images of one patient, on both sides."""
        return self.card_value("protocol") in {Protocol.RANDOM, Protocol.OFFICIAL}

    @property
    def class_labels(self) -> tuple[str, ...]:
        """What it can answer, in the order of its confusion matrix."""
        return CLASS_NAMES if self.is_multiclass else BINARY_LABELS

    @property
    def evaluate_command(self) -> str:
        """The command that measures this version, or trains and measures it where it has no card yet."""
        return f"braintumor evaluate {self.version}" if self.card else self.train_command

    @property
    def study_command(self) -> str:
        """The command that measures what takes long, or what has to come before it."""
        return f"braintumor study {self.version}" if self.evaluation else self.evaluate_command

    def metric(self, split: str, name: str) -> Metric | None:
        """One metric of one split; None where it was not measured."""
        return self.evaluation.get(split, {}).get(name)

    def card_value(self, *keys: str) -> Any:
        """An entry of the card, such as `fact("training", "seconds")`; None where the card does not have it."""
        entry: Any = self.card
        for key in keys:
            entry = entry.get(key) if isinstance(entry, Mapping) else None
        return entry

    def figure_path(self, name: str) -> Path | None:
        """Path of a picture in `figures/`; None where there is none."""
        path = self.folder / "figures" / name
        return path if path.is_file() else None


def list_evaluated_runs(settings: Settings | None = None) -> list[str]:
    """List all evaluated runs by name, including those that keep no model."""
    return list_run_names((settings or get_settings()).outputs, EVALUATION_FILE)


def read_holdout_reports(version: str, settings: Settings | None = None) -> list[VersionReport]:
    """Read the runs that were trained without the tumours of one source dataset and tested on them."""
    names = [name for name in list_evaluated_runs(settings) if name.startswith(f"{version}-holdout-")]
    reports = [read_version_report(name, settings) for name in names]
    return [report for report in reports if HOLDOUT_SPLIT in report.evaluation]


def leakage_baseline(version: str, settings: Settings | None = None) -> str:
    """Return the version whose leaky protocols show the effect of leakage: this one, or the first trained on both."""
    names = set(list_run_names((settings or get_settings()).outputs, EVALUATION_FILE))
    runs = [Run.from_name(name) for name in sorted(names)]
    versions = [
        run.version
        for run in runs
        if run == Run(run.version, Protocol.RANDOM) and run.with_protocol(Protocol.OFFICIAL).name in names
    ]
    return version if version in versions or not versions else versions[0]


def read_version_report(version: str, settings: Settings | None = None) -> VersionReport:
    """Read what there is of a version. Never fails: a file that cannot be read leaves a gap."""
    folder = (settings or get_settings()).outputs / version
    gaps: list[str] = []
    card, evaluation, curves = (
        _load_json_noting_gap(folder / f"{name}.json", gaps) for name in ("card", "evaluation", "curves")
    )
    history = _load_history(folder / "history.csv", gaps)
    splits = {str(split): parse_metrics(entries) for split, entries in evaluation.items()}
    return VersionReport(
        version=version,
        folder=folder,
        card=card,
        evaluation={split: metrics for split, metrics in splits.items() if metrics},
        curves={str(split): parse_curves(entry) for split, entry in curves.items() if isinstance(entry, Mapping)},
        history=history,
        missing_files=tuple(gaps),
        checks=parse_checks(read_checks(folder), model_fingerprint(card)),
    )


def read_predictions(version: str, settings: Settings | None = None) -> pd.DataFrame:
    """What was said of every scan, as `predictions.csv` has it; empty where it is not there or cannot be read."""
    try:
        table = pd.read_csv((settings or get_settings()).outputs / version / "predictions.csv")
        return table if set(PREDICTION_COLUMNS) <= set(table.columns) else table.iloc[:0, :0]
    except (OSError, ValueError):
        return pd.DataFrame()


def _load_json_noting_gap(path: Path, missing_files: list[str]) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if isinstance(content, dict):
        return content
    missing_files.append(path.name)
    return {}


def _load_history(path: Path, missing_files: list[str]) -> pd.DataFrame:
    try:
        history = pd.read_csv(path)
        return history[list(HISTORY_COLUMNS)].apply(pd.to_numeric, errors="coerce").dropna(subset=["epoch"])
    except (OSError, ValueError, KeyError):
        missing_files.append(path.name)
        return pd.DataFrame(columns=list(HISTORY_COLUMNS))


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


def read_seed_reports(version: str, settings: Settings | None = None) -> dict[int, VersionReport]:
    """Read the reports of a version by seed under the protocol `group`, the shipped run first."""
    settings = settings or get_settings()
    runs = [Run.from_name(name) for name in list_run_names(settings.outputs, EVALUATION_FILE, version)]
    seeded = sorted((run for run in runs if run == Run(version, seed=run.seed)), key=lambda run: run.seed)
    return {run.seed: read_version_report(run.name, settings) for run in seeded}


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
