"""Writes into the decision on the shortcut what `braintumor experiment` found, from outputs: `make readme`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from braintumor.evaluation.experiments import FOLDER_OF_RUNS, read_runs, run_name
from braintumor.evaluation.experiments_file import read_experiments
from braintumor.evaluation.trial import TRIALS
from braintumor.settings import Settings
from braintumor.training.arms import FLAGSHIP_FILE, Arm, load_arms
from markers import Markers

PAGE = Path(__file__).resolve().parents[1] / "docs" / "decisions" / "2026-11-21-breaking-the-shortcut.md"
MARKERS = Markers.of("trials")
_SHOWN = {
    "accuracy": "Test accuracy",
    "tumor_specificity": "Specificity",
    "pointing_game": "Pointing game",
    "outside_sensitivity": "Outside: tumours found",
    "outside_roc_auc": "Outside: ROC area",
}


def main() -> int:
    """Bring the page up to date; 1 where its markers are gone."""
    return MARKERS.write(PAGE, table)


def table(settings: Settings) -> str:
    """A row for each arm, with what it has more than the whole recipe in hundredths, in Markdown."""
    path = settings.outputs / FOLDER_OF_RUNS / TRIALS
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    runs = read_runs(settings)
    head = ["Arm", "On validation", *_SHOWN.values()]
    rows = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for arm in load_arms(settings, FLAGSHIP_FILE).values():
        if arm.name in found:
            rows.append(f"| {' | '.join(_cells(arm, found[arm.name]['differences'], runs))} |")
    seeds = {entry.get("seeds") for part in found.values() for entry in part["differences"].values()}
    return "\n".join([*rows, *(_restless(settings) if seeds == {1} else [])]) + "\n"


def _restless(settings: Settings) -> list[str]:
    """How far the whole recipe moves from seed to seed, which differences of one seed do not show."""
    reached = read_experiments(settings).fact("augmentation", "by_seed", {}).get("accuracy", [[]])[0]
    if len(reached) < 2:
        return []
    return ["", f"Differences are of one seed each, and what another would move is not in their intervals: the "
            f"{len(reached)} fits of the whole reach {', '.join(f'{value:.1%}' for value in reached)} of the test "
            "scans."]  # fmt: skip


def _cells(arm: Arm, differences: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    judged = [runs.get(run_name(arm, seed), {}).get("val_accuracy") for seed in arm.seeds]
    shown = ", ".join(f"{value:.1%}" for value in judged if value is not None)
    return [arm.name.replace("_", " "), shown or "not noted", *(_gap(differences.get(name)) for name in _SHOWN)]


def _gap(entry: Mapping[str, float] | None) -> str:
    """A difference in hundredths, bold where its interval leaves zero out."""
    if entry is None:
        return ""
    value, low, high = (f"{100 * entry[key]:+.1f}" for key in ("value", "low", "high"))
    said = f"{value} ({low} to {high})"
    return f"**{said}**" if entry["low"] > 0 or entry["high"] < 0 else said


if __name__ == "__main__":
    sys.exit(main())
