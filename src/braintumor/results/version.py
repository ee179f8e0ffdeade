"""Results of one version or run, read from its folder; a file that is missing or damaged leaves a gap."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from braintumor.enums import CLASS_NAMES, HOLDOUT_SPLIT, Protocol, Task
from braintumor.inference.model_card import CARD_FILE, EVALUATION_FILE, ModelCard, read_card_for_display
from braintumor.inference.runs import HISTORY_COLUMNS, HISTORY_FILE, Run, list_run_names
from braintumor.results.metric import BINARY_LABELS, Curves, Metric, Metrics, parse_curves, parse_metrics
from braintumor.results.stress_test import StressTestResult, parse_checks, read_checks
from braintumor.settings import Settings, get_settings

PREDICTION_COLUMNS: Final = ("path", "split", "label", "predicted", "tumor_probability", "verdict")


@dataclass(frozen=True, slots=True)
class VersionReport:
    """Everything measured of one version or run.

    Attributes
    ----------
    version : str
        Name of the version or run.
    folder : Path
    card : ModelCard or None
    evaluation : dict of str to dict of str to Metric
        By split; splits without metrics are left out.
    curves : dict of str to Curves
        By split.
    history : DataFrame
        Columns as in `HISTORY_COLUMNS`, one row per epoch.
    missing_files : tuple of str
        Files that are missing or damaged.
    checks : dict of str to StressTestResult
        Stress tests by name.
    """

    version: str
    folder: Path
    card: ModelCard | None
    evaluation: dict[str, Metrics]
    curves: dict[str, Curves]
    history: pd.DataFrame
    missing_files: tuple[str, ...]
    checks: dict[str, StressTestResult] = field(default_factory=dict)

    @property
    def recipe(self) -> dict[str, Any]:
        """The recipe in the card; empty without a card."""
        return self.card.recipe if self.card else {}

    @property
    def is_multiclass(self) -> bool:
        """Whether the version predicts the tumour type, not only tumour or no tumour."""
        return self.card is None or self.card.task is not Task.BINARY

    @property
    def has_leakage(self) -> bool:
        """Whether its protocol puts near-duplicates, or images of one patient, into both training and test split."""
        return self.card is not None and self.card.protocol in {Protocol.RANDOM, Protocol.OFFICIAL}

    @property
    def class_labels(self) -> tuple[str, ...]:
        """Labels that it predicts, in the order of its confusion matrix."""
        return CLASS_NAMES if self.is_multiclass else BINARY_LABELS

    @property
    def train_command(self) -> str:
        """Command that trains this run, such as `braintumor train v4 --seed 2` for `runs/v4/group-seed2`."""
        return Run.from_name(self.version).train_command

    @property
    def evaluate_command(self) -> str:
        """Command that evaluates this version, or trains it if it has no card yet."""
        return f"braintumor evaluate {self.version}" if self.card else self.train_command

    @property
    def stress_test_command(self) -> str:
        """Command that runs the stress tests, or what has to be run before them."""
        return f"braintumor stress-test {self.version}" if self.evaluation else self.evaluate_command

    def metric(self, split: str, name: str) -> Metric | None:
        """Return one metric of one split; None if it was not measured."""
        return self.evaluation.get(split, {}).get(name)

    def figure_path(self, name: str) -> Path | None:
        """Return the path of an image in `figures/`; None if there is none."""
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
    names = set(list_evaluated_runs(settings))
    runs = [Run.from_name(name) for name in sorted(names)]
    versions = [
        run.version
        for run in runs
        if run == Run(run.version, Protocol.RANDOM) and run.with_protocol(Protocol.OFFICIAL).name in names
    ]
    return version if version in versions or not versions else versions[0]


def read_version_report(version: str, settings: Settings | None = None) -> VersionReport:
    """Read the results of a version or run; files that are missing or damaged are in `missing_files`."""
    folder = (settings or get_settings()).outputs / version
    missing_files: list[str] = []
    card = read_card_for_display(folder / CARD_FILE)
    if card is None:
        missing_files.append(CARD_FILE)
    evaluation, curves = (_load_json(folder / name, missing_files) for name in (EVALUATION_FILE, "curves.json"))
    history = _load_history(folder / HISTORY_FILE, missing_files)
    splits = {str(split): parse_metrics(entries) for split, entries in evaluation.items()}
    return VersionReport(
        version=version,
        folder=folder,
        card=card,
        evaluation={split: metrics for split, metrics in splits.items() if metrics},
        curves={str(split): parse_curves(entry) for split, entry in curves.items() if isinstance(entry, Mapping)},
        history=history,
        missing_files=tuple(missing_files),
        checks=parse_checks(read_checks(folder), card.fingerprint if card else ""),
    )


def read_predictions(version: str, settings: Settings | None = None) -> pd.DataFrame:
    """Read the predictions of a version for the images of its splits; empty if they are missing or damaged."""
    try:
        table = pd.read_csv((settings or get_settings()).outputs / version / "predictions.csv")
        return table if set(PREDICTION_COLUMNS) <= set(table.columns) else table.iloc[:0, :0]
    except (OSError, ValueError):
        return pd.DataFrame()


def _load_json(path: Path, missing_files: list[str]) -> dict[str, Any]:
    """Read a JSON object; add the file to `missing_files` if that is not possible."""
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
