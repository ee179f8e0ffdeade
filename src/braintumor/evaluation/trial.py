"""Trial: ways to train the flagship otherwise, each held against the way it is trained, seed by seed."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.errors import RecipeError
from braintumor.evaluation.bootstrap import REPLICATES
from braintumor.evaluation.entries import Entry
from braintumor.evaluation.experiments import FOLDER_OF_RUNS, ORIGINS, read_answers, run_experiments, run_name
from braintumor.evaluation.origin_readings import LAYERS, QUESTIONS
from braintumor.evaluation.paired import paired_area
from braintumor.evaluation.run_checks import fitting
from braintumor.evaluation.weigh import on_the_same_scans, paired_arms
from braintumor.files import write_atomically
from braintumor.settings import Settings, get_settings
from braintumor.training.arms import FLAGSHIP_FILE, Arm, load_arms
from braintumor.vocabulary import Split, TumorClass

TRIALS: Final = "flagship.json"
_WHOLE: Final = "whole"
_SAID: Final = {
    "accuracy": "test accuracy", "tumor_sensitivity": "tumour sensitivity", "tumor_specificity": "specificity",
    "outside_sensitivity": "outside tumours found", "outside_roc_auc": "outside ROC area",
}  # fmt: skip


def trial(
    names: Sequence[str] = (), settings: Settings | None = None, *, measured_only: bool = False,
    replicates: int = REPLICATES,
) -> Iterator[str]:  # fmt: skip
    """Train arms of `recipes/experiments/flagship.toml`, and hold each against `whole`.

    Parameters
    ----------
    names : sequence of str
        Arms to train; all by default.
    measured_only : bool
        Train nothing; use the runs that are there.

    Yields
    ------
    str
        A sentence for each run, then one for each number of each arm. The numbers are in
        `outputs/experiments/flagship.json`.

    Raises
    ------
    RecipeError
        There is no such arm.
    """
    settings = settings or get_settings()
    arms = load_arms(settings, FLAGSHIP_FILE)
    unknown = [name for name in names if name not in arms]
    if unknown:
        raise RecipeError(f"There is no arm {unknown[0]!r} in recipes/{FLAGSHIP_FILE} (there are {', '.join(arms)}).")
    if not measured_only:
        yield from run_experiments({name: arms[name] for name in names or arms}, settings, read_origin=True)
    arms, left_out = fitting(arms, settings, "braintumor experiment")
    yield from left_out
    found = {name: held_against(arm, arms[_WHOLE], settings, replicates) for name, arm in arms.items()}
    found = {name: part for name, part in found.items() if part}
    write_atomically(settings.outputs / FOLDER_OF_RUNS / TRIALS, json.dumps(found, indent=1) + "\n")
    for name, part in found.items():
        yield from sentences(name, part)


def held_against(arm: Arm, whole: Arm, settings: Settings, replicates: int) -> dict[str, Any]:
    """Numbers of an arm (`metrics`) and what it has more than `whole` (`differences`), over the seeds of both.

    `roc_auc@read:<question>@<layer>` is how well the origin can be read: one half is not at all. Empty where the arm
    was not run.
    """
    metrics, differences = _areas(arm, whole, settings, replicates)
    if arm.name == whole.name:
        return {"metrics": metrics, "differences": {}} if metrics else {}
    part = paired_arms(arm, whole, settings, replicates)
    if part is None:
        return {}
    return {"metrics": metrics, "differences": {**part["metrics"], **differences}, "facts": part["facts"]}


def sentences(name: str, part: dict[str, Any]) -> Iterator[str]:
    """What was found of an arm, a number a line."""
    for metric, entry in part["metrics"].items():
        yield f"{name}: {_title(metric)} {_shown(entry)} over {entry['seeds']} seeds."
    for metric, entry in part["differences"].items():
        yield f"{name} less {_WHOLE}: {_title(metric)} {_shown(entry, signed=True)} over {entry['seeds']} seeds."
    if not any("@read" in metric for metric in {**part["metrics"], **part["differences"]}):
        yield f"{name}: how well origin is read was not measured. Run: braintumor experiment {_WHOLE} {name}"


def _areas(arm: Arm, whole: Arm, settings: Settings, replicates: int) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Areas of an arm over its seeds, and those less the areas of `whole` over the seeds of both."""
    metrics, differences = {}, {}
    for metric in ("outside_roc_auc", *(f"roc_auc@read:{q}@{layer}" for q in QUESTIONS for layer in LAYERS)):
        ours, theirs = on_the_same_scans(*(_scored(one, metric, settings) for one in (arm, whole)))
        both = sorted(set(ours) & set(theirs))
        if ours:
            metrics[metric] = _area(metric, list(ours.values()), None, replicates)
        if both and arm.name != whole.name:
            differences[metric] = _area(metric, [ours[s] for s in both], [theirs[s] for s in both], replicates)
    return metrics, differences


def _area(metric: str, ours: list[pd.DataFrame], theirs: list[pd.DataFrame] | None, replicates: int) -> Entry:
    table = ours[0]
    groups = table["group"].to_numpy(object)
    sizes = table.groupby("group")["group"].transform("size").to_numpy(float)
    once = np.where(table["truth"], 1 / sizes, 1.0) if metric.startswith("outside") else None
    scores = [None if one is None else np.stack([t["score"].to_numpy(float) for t in one]) for one in (ours, theirs)]
    return paired_area(table["truth"].to_numpy(bool), scores[0], scores[1], groups, once, replicates)  # type: ignore[arg-type]


def _scored(arm: Arm, metric: str, settings: Settings) -> dict[int, pd.DataFrame]:
    """By seed: `truth`, `score` and `group` of every scan an area is of; without the seeds that were not run."""
    read = _outside if metric.startswith("outside") else _origins
    found = {seed: read(run_name(arm, seed), metric, settings) for seed in arm.seeds}
    return {seed: table for seed, table in found.items() if table is not None and 0 < table["truth"].mean() < 1}


def _outside(name: str, _metric: str, settings: Settings) -> pd.DataFrame | None:
    """Outside tumours against healthy test scans, by the class head."""
    table = read_answers(settings, name)
    if table is None:
        return None
    healthy = str(TumorClass.NOTUMOR)
    used = table[(table["set"] != str(Split.TEST)) | (table["label"] == healthy)]
    return used[["path", "group"]].assign(truth=used["label"] != healthy, score=1 - used[healthy])


def _origins(name: str, metric: str, settings: Settings) -> pd.DataFrame | None:
    path, column = settings.outputs / FOLDER_OF_RUNS / f"{name}{ORIGINS}", metric.partition("@read:")[2]
    table = pd.read_csv(path, dtype={"group": str}) if path.is_file() else pd.DataFrame()
    if column not in table:
        return None
    used = table[table[column].notna()]
    asked = QUESTIONS[column.partition("@")[0]]
    return used[["path", "group"]].assign(truth=used["origin"] == asked, score=used[column])


def _title(metric: str) -> str:
    if metric.startswith("roc_auc@read:"):
        question, _, layer = metric.removeprefix("roc_auc@read:").partition("@")
        return f"ROC area of reading the origin ({question}, from the {layer})"
    return _SAID.get(metric, metric.replace("_", " "))


def _shown(entry: Entry, *, signed: bool = False) -> str:
    value, low, high = (f"{entry[key]:+.3f}" if signed else f"{entry[key]:.3f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
