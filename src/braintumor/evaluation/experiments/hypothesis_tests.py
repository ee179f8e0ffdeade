"""Weigh: run the experiments behind the hypotheses, measure them, and write `outputs/hypotheses.json`."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, Split, TumorClass
from braintumor.evaluation.experiments.ablations import (
    ablation_run_name,
    read_run_predictions,
    run_ablations,
    valid_runs,
)
from braintumor.evaluation.experiments.config import Ablation, load_ablations
from braintumor.evaluation.experiments.visual_separability import average_by_group, separability_test
from braintumor.evaluation.metrics.bootstrap import REPLICATES
from braintumor.evaluation.metrics.paired import learning_curve, paired_difference
from braintumor.fileio import write_atomically
from braintumor.imaging import InputSpec
from braintumor.results.hypothesis_status import HYPOTHESES_FILE
from braintumor.settings import Settings, get_settings
from braintumor.training.data import load_training_data

Floats = NDArray[np.float64]
ExperimentEntry = dict[str, dict[str, Any]]

_BASELINE: Final = "whole"
_PAIRED_ABLATIONS: Final = {"augmentation": "without_augmentation", "masks": "without_masks"}
_SMALL_INPUT: Final = InputSpec(height=64, width=64, channels=1)
_EXTERNAL: Final = "outside"


def run_hypothesis_experiments(
    settings: Settings | None = None, *, no_train: bool = False, replicates: int = REPLICATES
) -> str:
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
    arms = load_ablations(settings)
    said = [] if no_train else list(run_ablations(arms, settings))
    arms, left_out = valid_runs(arms, settings, "braintumor hypotheses")
    said += left_out
    found = {"visible": _measure_separability(settings, replicates)}
    for name, arm in _PAIRED_ABLATIONS.items():
        if arm in arms and (part := compare_ablations(arms[_BASELINE], arms[arm], settings, replicates)):
            found[name] = part
    if part := _measure_learning_curve(arms, settings, replicates):
        found["growth"] = part
    content = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "experiments": found}
    write_atomically(settings.outputs / HYPOTHESES_FILE, json.dumps(content, indent=1) + "\n")
    return "\n".join([*said, f"{HYPOTHESES_FILE}: {', '.join(found)}."])


def _measure_separability(settings: Settings, replicates: int) -> ExperimentEntry:
    data = load_training_data(_SMALL_INPUT, settings=settings)
    averages, labels = average_by_group(data.model_inputs, data.labels, data.manifest["group"].to_numpy(object))
    found = separability_test(averages, labels, replicates)
    entry = found.pop("entry")
    return {"metrics": {"told": entry}, "facts": found}


def _read_ablation_runs(ablation: Ablation, settings: Settings) -> dict[int, pd.DataFrame]:
    found = {seed: read_run_predictions(settings, ablation_run_name(ablation, seed)) for seed in ablation.seeds}
    return {seed: table for seed, table in found.items() if table is not None}


def common_scans(*runs: dict[int, pd.DataFrame]) -> list[dict[int, pd.DataFrame]]:
    """Runs by seed, without those on other scans than most: outside pictures may have come between two runs."""
    counts = Counter(tuple(table["path"]) for tables in runs for table in tables.values())
    shared = max(counts, key=lambda paths: (counts[paths], len(paths)), default=())
    return [{seed: table for seed, table in tables.items() if tuple(table["path"]) == shared} for tables in runs]


def compare_ablations(
    treated: Ablation, control: Ablation, settings: Settings, replicates: int
) -> ExperimentEntry | None:
    """Differences of two arms over the seeds that both were run with; None where there are none."""
    with_, without = _read_ablation_runs(treated, settings), _read_ablation_runs(control, settings)
    with_, without = common_scans(with_, without)
    seeds = sorted(set(with_) & set(without))
    if not seeds:
        return None
    metrics, facts = {}, {}
    for metric in ("accuracy", "tumor_sensitivity", "tumor_specificity", "pointing_game", "outside_sensitivity"):
        pairs = [[_metric_values(tables[seed], metric) for seed in seeds] for tables in (with_, without)]
        part = _rows_of_metric(with_[seeds[0]], metric)
        if part.empty or (metric == "pointing_game" and "pointed" not in part):
            continue
        groups, strata, alone = _groups_and_weights(part)
        once = alone if metric.startswith(_EXTERNAL) else np.ones_like(alone)
        first, second = (np.stack(values) for values in pairs)
        if np.isnan(first - second).any(axis=0).all():
            continue
        metrics[metric] = paired_difference(first, second, groups, strata, once, replicates)
        facts[metric] = [[_weighted_mean(values, once) for values in side] for side in pairs]
    return {"metrics": metrics, "facts": _training_details(treated) | {"seeds": len(seeds), "by_seed": facts}}


def _weighted_mean(values: Floats, scan_weights: Floats) -> float:
    """Mean over the scans that count, each as often as it counts in the difference too."""
    counted = ~np.isnan(values)
    return round(float(np.average(values[counted], weights=scan_weights[counted])), 4)


def _measure_learning_curve(
    ablations: Mapping[str, Ablation], settings: Settings, replicates: int
) -> ExperimentEntry | None:
    """Accuracy by share of the groups; None where fewer than three shares were run."""
    others = {_BASELINE, *_PAIRED_ABLATIONS.values()}
    known = {arm.recipe.learn_from: _read_ablation_runs(arm, settings) for name, arm in ablations.items() if name == _BASELINE or
             name not in others}  # fmt: skip
    known = {share: runs for share, runs in sorted(known.items()) if runs}
    if len(known) < 3:
        return None
    seeds = min(len(runs) for runs in known.values())
    used = {share: [runs[seed] for seed in sorted(runs)[:seeds]] for share, runs in known.items()}
    groups, strata, _ = _groups_and_weights(_rows_of_metric(next(iter(used.values()))[0], "accuracy"))
    right = [np.stack([_metric_values(table, "accuracy") for table in tables]) for tables in used.values()]
    metrics = learning_curve(list(used), right, groups, strata, replicates)
    return {
        "metrics": metrics,
        "facts": _training_details(ablations[_BASELINE]) | {"seeds": seeds, "shares": list(used)},
    }


def _training_details(ablation: Ablation) -> dict[str, Any]:
    recipe = ablation.recipe
    return {"base": recipe.title, "side": recipe.input.height, "epochs": recipe.fit.epochs}


def _rows_of_metric(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    outside = metric.startswith(_EXTERNAL)
    return table[table["set"] == (_EXTERNAL if outside else str(Split.TEST))].reset_index(drop=True)


def _metric_values(table: pd.DataFrame, metric: str) -> Floats:
    """A value for every scan of the metric's part, NaN where a scan does not count."""
    part = _rows_of_metric(table, metric)
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


def _groups_and_weights(part: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.int64], Floats]:
    """Groups and strata of the intervals, and weights by which a group counts once."""
    groups = part["group"].to_numpy(object)
    strata = pd.factorize(part["label"], sort=True)[0].astype(np.int64)
    return groups, strata, 1.0 / part.groupby("group")["group"].transform("size").to_numpy(float)
