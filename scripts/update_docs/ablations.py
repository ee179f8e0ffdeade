"""Ablations of the teacher's recipe, for the decision record on the shortcut."""

from collections.abc import Mapping
from typing import Any

from braintumor.evaluation.experiments.ablation_study import read_trials
from braintumor.evaluation.experiments.ablations import read_runs
from braintumor.results.hypothesis_status import read_experiments
from braintumor.settings import Settings

_SHOWN = {
    "accuracy": "Test accuracy",
    "tumor_specificity": "Specificity",
    "pointing_game": "Pointing game",
    "outside_sensitivity": "Outside: tumours found",
    "outside_roc_auc": "Outside: ROC area",
}


def ablations_block(settings: Settings) -> str:
    """Write a row for each ablation with its differences from the full recipe, in percentage points, as Markdown."""
    results, runs = read_trials(settings), read_runs(settings)
    head = ["Arm", "On validation", *_SHOWN.values()]
    rows = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    rows += [f"| {' | '.join(_cells(arm, part['differences'], runs))} |" for arm, part in results.items()]
    seeds = {entry.get("seeds") for part in results.values() for entry in part["differences"].values()}
    return "\n".join([*rows, *(_restless(settings) if seeds == {1} else [])]) + "\n"


def _restless(settings: Settings) -> list[str]:
    """How far the whole recipe moves from seed to seed, which differences of one seed do not show."""
    reached = read_experiments(settings).detail("augmentation", "by_seed", {}).get("accuracy", [[]])[0]
    if len(reached) < 2:
        return []
    return ["", f"Differences are of one seed each, and what another would move is not in their intervals: the "
            f"{len(reached)} fits of the whole reach {', '.join(f'{value:.1%}' for value in reached)} of the test "
            "scans."]  # fmt: skip


def _cells(arm: str, differences: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    judged = [run.get("val_accuracy") for name, run in runs.items() if name.rpartition("-seed")[0] == arm]
    shown = ", ".join(f"{value:.1%}" for value in judged if value is not None)
    return [arm.replace("_", " "), shown or "not noted", *(_gap(differences.get(name)) for name in _SHOWN)]


def _gap(entry: Mapping[str, float] | None) -> str:
    """A difference in hundredths, bold where its interval leaves zero out."""
    if entry is None:
        return ""
    value, low, high = (f"{100 * entry[key]:+.1f}" for key in ("value", "low", "high"))
    text = f"{value} ({low} to {high})"
    return f"**{text}**" if entry["low"] > 0 or entry["high"] < 0 else text
