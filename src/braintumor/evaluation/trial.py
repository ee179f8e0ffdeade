"""Trial: ways to train the flagship otherwise, each held against the way it is trained, seed by seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.errors import RecipeError
from braintumor.evaluation.bootstrap import REPLICATES
from braintumor.evaluation.entries import Entry
from braintumor.evaluation.experiments import FOLDER_OF_RUNS, read_answers, run_experiments, run_name
from braintumor.evaluation.paired import paired_area
from braintumor.evaluation.run_checks import fitting
from braintumor.evaluation.weigh import on_the_same_scans, paired_arms
from braintumor.files import write_atomically
from braintumor.settings import Settings, get_settings
from braintumor.training.arms import FLAGSHIP_FILE, Arm, load_arms
from braintumor.vocabulary import Split, TumorClass

TRIALS: Final = "flagship.json"
_WHOLE: Final = "whole"
_AREA: Final = "outside_roc_auc"
_SAID: Final = {
    "accuracy": "test accuracy", "tumor_sensitivity": "tumour sensitivity", "tumor_specificity": "specificity",
    "outside_sensitivity": "outside tumours found", _AREA: "outside ROC area",
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
        `outputs/experiments/flagship.json`, beside those of arms that are no longer in the file of arms.

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
        yield from run_experiments({name: arms[name] for name in names or arms}, settings)
    arms, left_out = fitting(arms, settings, "braintumor experiment")
    yield from left_out
    results = {name: held_against(arm, arms[_WHOLE], settings, replicates) for name, arm in arms.items()}
    results = {name: part for name, part in results.items() if part}
    content = _with_dropped(results, arms, read_trials(settings))
    write_atomically(settings.outputs / FOLDER_OF_RUNS / TRIALS, json.dumps(content, indent=1) + "\n")
    for name, part in results.items():
        yield from sentences(name, part)


def read_trials(settings: Settings) -> dict[str, dict[str, Any]]:
    """What `trial` wrote, by arm; empty where nothing was tried."""
    path = settings.outputs / FOLDER_OF_RUNS / TRIALS
    content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content


def _with_dropped(
    results: Mapping[str, Any], arms: Mapping[str, Arm], earlier: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Results with those of arms that were tried and dropped since, which nothing can measure again, in their place."""
    every = {name: part for name, part in earlier.items() if name not in arms or name in results}
    return every | dict(results)


def held_against(arm: Arm, whole: Arm, settings: Settings, replicates: int) -> dict[str, Any]:
    """Numbers of an arm (`metrics`) and what it has more than `whole` (`differences`), over the seeds of both.

    Empty where the arm was not run.
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


def _areas(arm: Arm, whole: Arm, settings: Settings, replicates: int) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """Outside area of an arm over its seeds, and that less the area of `whole` over the seeds of both."""
    ours, theirs = on_the_same_scans(_scored(arm, settings), _scored(whole, settings))
    both = sorted(set(ours) & set(theirs))
    metrics = {_AREA: _area(list(ours.values()), None, replicates)} if ours else {}
    if not both or arm.name == whole.name:
        return metrics, {}
    return metrics, {_AREA: _area([ours[seed] for seed in both], [theirs[seed] for seed in both], replicates)}


def _area(ours: list[pd.DataFrame], theirs: list[pd.DataFrame] | None, replicates: int) -> Entry:
    table = ours[0]
    groups = table["group"].to_numpy(object)
    sizes = table.groupby("group")["group"].transform("size").to_numpy(float)
    once = np.where(table["truth"], 1 / sizes, 1.0)
    scores = [None if one is None else np.stack([t["score"].to_numpy(float) for t in one]) for one in (ours, theirs)]
    return paired_area(table["truth"].to_numpy(bool), scores[0], scores[1], groups, once, replicates)  # type: ignore[arg-type]


def _scored(arm: Arm, settings: Settings) -> dict[int, pd.DataFrame]:
    """By seed: `truth`, `score` and `group` of every scan the area is of; without the seeds that were not run."""
    tables = {seed: _outside(run_name(arm, seed), settings) for seed in arm.seeds}
    return {seed: table for seed, table in tables.items() if table is not None and 0 < table["truth"].mean() < 1}


def _outside(name: str, settings: Settings) -> pd.DataFrame | None:
    """Outside tumours against healthy test scans, by the class head."""
    table = read_answers(settings, name)
    if table is None:
        return None
    healthy = str(TumorClass.NOTUMOR)
    used = table[(table["set"] != str(Split.TEST)) | (table["label"] == healthy)]
    return used[["path", "group"]].assign(truth=used["label"] != healthy, score=1 - used[healthy])


def _title(metric: str) -> str:
    return _SAID.get(metric, metric.replace("_", " "))


def _shown(entry: Entry, *, signed: bool = False) -> str:
    value, low, high = (f"{entry[key]:+.3f}" if signed else f"{entry[key]:.3f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
