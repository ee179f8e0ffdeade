"""Ablations of the teacher's recipe, from `outputs/experiments`."""

from collections.abc import Mapping
from typing import Any, Final

from braintumor.evaluation.experiments.ablation_study import read_ablation_results
from braintumor.evaluation.experiments.runs import read_runs
from braintumor.results.hypothesis_status import read_experiments
from braintumor.settings import Settings

_METRIC_TITLES: Final = {
    "accuracy": "Test accuracy",
    "tumor_specificity": "Specificity",
    "pointing_game": "Pointing game",
    "external_sensitivity": "External sensitivity",
    "external_roc_auc": "External AUC",
}


def ablations_block(settings: Settings) -> str:
    """Write a row for each ablation with its differences from the full recipe, in percentage points, as Markdown."""
    results, runs = read_ablation_results(settings), read_runs(settings)
    head = ["Ablation", "Validation accuracy", *_METRIC_TITLES.values()]
    rows = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    rows += [f"| {' | '.join(_cells(name, result['differences'], runs))} |" for name, result in results.items()]
    seeds = {entry.get("seeds") for result in results.values() for entry in result["differences"].values()}
    return "\n".join([*rows, *(_seed_variation(settings) if seeds == {1} else [])]) + "\n"


def _seed_variation(settings: Settings) -> list[str]:
    """Describe how much the full recipe varies between seeds, which intervals over scans do not include."""
    accuracies = read_experiments(settings).detail("augmentation", "by_seed", {}).get("accuracy", [[]])[0]
    if len(accuracies) < 2:
        return []
    return ["", "Differences are of one seed each; their intervals do not include variation between seeds. With "
            f"{len(accuracies)} seeds, the full recipe has a test accuracy of "
            f"{', '.join(f'{value:.1%}' for value in accuracies)}."]  # fmt: skip


def _cells(name: str, differences: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    accuracies = [run.get("val_accuracy") for run_name, run in runs.items() if run_name.rpartition("-seed")[0] == name]
    text = ", ".join(f"{value:.1%}" for value in accuracies if value is not None)
    return [name.replace("_", " "), text or "not recorded", *(_difference(differences.get(m)) for m in _METRIC_TITLES)]


def _difference(entry: Mapping[str, float] | None) -> str:
    """Format a difference in percentage points, bold if its interval excludes zero."""
    if entry is None:
        return ""
    value, low, high = (f"{100 * entry[key]:+.1f}" for key in ("value", "low", "high"))
    text = f"{value} ({low} to {high})"
    return f"**{text}**" if entry["low"] > 0 or entry["high"] < 0 else text
