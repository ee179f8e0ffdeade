"""Weigh: run the experiments behind the hypotheses, measure them, and write `outputs/hypotheses.json`."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.evaluation.bootstrap import REPLICATES
from braintumor.evaluation.experiments import read_answers, run_experiments, run_name
from braintumor.evaluation.experiments_file import FILE
from braintumor.evaluation.paired import growth, paired_difference
from braintumor.evaluation.run_checks import fitting
from braintumor.evaluation.visible import group_averages, visibly_different
from braintumor.files import write_atomically
from braintumor.imaging import InputContract
from braintumor.settings import Settings, get_settings
from braintumor.training.arms import Arm, load_arms
from braintumor.training.data import load_training_data
from braintumor.vocabulary import CLASS_NAMES, Split, TumorClass

Floats = NDArray[np.float64]
Part = dict[str, dict[str, Any]]

_WHOLE: Final = "whole"
_PAIRS: Final = {"augmentation": "without_augmentation", "masks": "without_masks"}
_SMALL: Final = InputContract(height=64, width=64, channels=1)
_OUTSIDE: Final = "outside"


def weigh(settings: Settings | None = None, *, measured_only: bool = False, replicates: int = REPLICATES) -> str:
    """Train what has to be trained, test every claim that rests on it, and write `outputs/hypotheses.json`.

    Parameters
    ----------
    measured_only : bool
        Train nothing; use the runs that are there, but for those of other recipes or images, which are named.

    Returns
    -------
    str
        A sentence for each run.
    """
    settings = settings or get_settings()
    arms = load_arms(settings)
    said = [] if measured_only else list(run_experiments(arms, settings))
    arms, left_out = fitting(arms, settings, "braintumor hypotheses")
    said += left_out
    found = {"visible": _visible(settings, replicates)}
    for name, arm in _PAIRS.items():
        if arm in arms and (part := paired_arms(arms[_WHOLE], arms[arm], settings, replicates)):
            found[name] = part
    if part := _growth(arms, settings, replicates):
        found["growth"] = part
    content = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "experiments": found}
    write_atomically(settings.outputs / FILE, json.dumps(content, indent=1) + "\n")
    return "\n".join([*said, f"{FILE}: {', '.join(found)}."])


def _visible(settings: Settings, replicates: int) -> Part:
    data = load_training_data(_SMALL, settings=settings)
    averages, labels = group_averages(data.frames, data.labels, data.manifest["group"].to_numpy(object))
    found = visibly_different(averages, labels, replicates)
    entry = found.pop("entry")
    return {"metrics": {"told": entry}, "facts": found}


def _runs(arm: Arm, settings: Settings) -> dict[int, pd.DataFrame]:
    found = {seed: read_answers(settings, run_name(arm, seed)) for seed in arm.seeds}
    return {seed: table for seed, table in found.items() if table is not None}


def on_the_same_scans(*runs: dict[int, pd.DataFrame]) -> list[dict[int, pd.DataFrame]]:
    """Runs by seed, without those on other scans than most: outside pictures may have come between two runs."""
    counts = Counter(tuple(table["path"]) for tables in runs for table in tables.values())
    shared = max(counts, key=lambda paths: (counts[paths], len(paths)), default=())
    return [{seed: table for seed, table in tables.items() if tuple(table["path"]) == shared} for tables in runs]


def paired_arms(ours: Arm, theirs: Arm, settings: Settings, replicates: int) -> Part | None:
    """Differences of two arms over the seeds that both were run with; None where there are none."""
    with_, without = _runs(ours, settings), _runs(theirs, settings)
    with_, without = on_the_same_scans(with_, without)
    seeds = sorted(set(with_) & set(without))
    if not seeds:
        return None
    metrics, facts = {}, {}
    for metric in ("accuracy", "tumor_sensitivity", "tumor_specificity", "pointing_game", "outside_sensitivity"):
        pairs = [[_values(tables[seed], metric) for seed in seeds] for tables in (with_, without)]
        part = _part(with_[seeds[0]], metric)
        if part.empty or (metric == "pointing_game" and "pointed" not in part):
            continue
        groups, strata, alone = _groups(part)
        once = alone if metric.startswith(_OUTSIDE) else np.ones_like(alone)
        first, second = (np.stack(values) for values in pairs)
        if np.isnan(first - second).any(axis=0).all():
            continue
        metrics[metric] = paired_difference(first, second, groups, strata, once, replicates)
        facts[metric] = [[_mean(values, once) for values in side] for side in pairs]
    return {"metrics": metrics, "facts": _how(ours) | {"seeds": len(seeds), "by_seed": facts}}


def _mean(values: Floats, once: Floats) -> float:
    """Mean over the scans that count, each as often as it counts in the difference too."""
    counted = ~np.isnan(values)
    return round(float(np.average(values[counted], weights=once[counted])), 4)


def _growth(arms: Mapping[str, Arm], settings: Settings, replicates: int) -> Part | None:
    """Accuracy by share of the groups; None where fewer than three shares were run."""
    others = {_WHOLE, *_PAIRS.values()}
    known = {arm.recipe.learn_from: _runs(arm, settings) for name, arm in arms.items() if name == _WHOLE or
             name not in others}  # fmt: skip
    known = {share: runs for share, runs in sorted(known.items()) if runs}
    if len(known) < 3:
        return None
    seeds = min(len(runs) for runs in known.values())
    used = {share: [runs[seed] for seed in sorted(runs)[:seeds]] for share, runs in known.items()}
    groups, strata, _ = _groups(_part(next(iter(used.values()))[0], "accuracy"))
    right = [np.stack([_values(table, "accuracy") for table in tables]) for tables in used.values()]
    metrics = growth(list(used), right, groups, strata, replicates)
    return {"metrics": metrics, "facts": _how(arms[_WHOLE]) | {"seeds": seeds, "shares": list(used)}}


def _how(arm: Arm) -> dict[str, Any]:
    recipe = arm.recipe
    return {"base": recipe.title, "side": recipe.input.height, "epochs": recipe.fit.epochs}


def _part(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    outside = metric.startswith(_OUTSIDE)
    return table[table["set"] == (_OUTSIDE if outside else str(Split.TEST))].reset_index(drop=True)


def _values(table: pd.DataFrame, metric: str) -> Floats:
    """A value for every scan of the metric's part, NaN where a scan does not count."""
    part = _part(table, metric)
    if metric == "pointing_game":
        return part["pointed"].to_numpy(float) if "pointed" in part else np.full(len(part), np.nan)
    said = part[list(CLASS_NAMES)].idxmax(axis=1) if len(part) else part["label"]
    is_tumor = (part["label"] != str(TumorClass.NOTUMOR)).to_numpy()
    found = np.asarray(said != str(TumorClass.NOTUMOR), float)
    if metric == "accuracy":
        return np.asarray(said == part["label"], float)
    if metric == "tumor_specificity":
        return np.where(is_tumor, np.nan, 1 - found)
    return np.where(is_tumor, found, np.nan)


def _groups(part: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.int64], Floats]:
    """Groups and strata of the intervals, and weights by which a group counts once."""
    groups = part["group"].to_numpy(object)
    strata = pd.factorize(part["label"], sort=True)[0].astype(np.int64)
    return groups, strata, 1.0 / part.groupby("group")["group"].transform("size").to_numpy(float)
