"""Trial: ways to train the flagship otherwise, each held against the way it is trained, seed by seed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.enums import Split, TumorClass
from braintumor.errors import RecipeError
from braintumor.evaluation.experiments.ablations import (
    EXPERIMENTS_FOLDER,
    ablation_run_name,
    read_run_predictions,
    run_ablations,
    valid_runs,
)
from braintumor.evaluation.experiments.config import V4_ABLATIONS_FILE, Ablation, load_ablations
from braintumor.evaluation.experiments.hypothesis_tests import common_scans, compare_ablations
from braintumor.evaluation.metrics.bootstrap import REPLICATES, MetricEntry
from braintumor.evaluation.metrics.paired import paired_auc
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings

ABLATIONS_FILE: Final = "flagship.json"
_BASELINE: Final = "whole"
_AREA: Final = "outside_roc_auc"
_METRIC_TITLES: Final = {
    "accuracy": "test accuracy", "tumor_sensitivity": "tumour sensitivity", "tumor_specificity": "specificity",
    "outside_sensitivity": "outside tumours found", _AREA: "outside ROC area",
}  # fmt: skip


def run_ablation_study(
    names: Sequence[str] = (), settings: Settings | None = None, *, no_train: bool = False,
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
    arms = load_ablations(settings, V4_ABLATIONS_FILE)
    unknown = [name for name in names if name not in arms]
    if unknown:
        raise RecipeError(
            f"There is no arm {unknown[0]!r} in recipes/{V4_ABLATIONS_FILE} (there are {', '.join(arms)})."
        )
    if not no_train:
        yield from run_ablations({name: arms[name] for name in names or arms}, settings)
    arms, left_out = valid_runs(arms, settings, "braintumor experiment")
    yield from left_out
    results = {name: compare_to_baseline(arm, arms[_BASELINE], settings, replicates) for name, arm in arms.items()}
    results = {name: part for name, part in results.items() if part}
    content = _with_dropped(results, arms, read_trials(settings))
    write_atomically(settings.outputs / EXPERIMENTS_FOLDER / ABLATIONS_FILE, json.dumps(content, indent=1) + "\n")
    for name, part in results.items():
        yield from summarize_ablation(name, part)


def read_trials(settings: Settings) -> dict[str, dict[str, Any]]:
    """What `trial` wrote, by arm; empty where nothing was tried."""
    path = settings.outputs / EXPERIMENTS_FOLDER / ABLATIONS_FILE
    content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content


def _with_dropped(
    results: Mapping[str, Any], arms: Mapping[str, Ablation], earlier: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """Results with those of arms that were tried and dropped since, which nothing can measure again, in their place."""
    every = {name: part for name, part in earlier.items() if name not in arms or name in results}
    return every | dict(results)


def compare_to_baseline(ablation: Ablation, baseline: Ablation, settings: Settings, replicates: int) -> dict[str, Any]:
    """Numbers of an arm (`metrics`) and what it has more than `whole` (`differences`), over the seeds of both.

    Empty where the arm was not run.
    """
    metrics, differences = _auc_by_metric(ablation, baseline, settings, replicates)
    if ablation.name == baseline.name:
        return {"metrics": metrics, "differences": {}} if metrics else {}
    part = compare_ablations(ablation, baseline, settings, replicates)
    if part is None:
        return {}
    return {"metrics": metrics, "differences": {**part["metrics"], **differences}, "facts": part["facts"]}


def summarize_ablation(name: str, part: dict[str, Any]) -> Iterator[str]:
    """What was found of an arm, a number a line."""
    for metric, entry in part["metrics"].items():
        yield f"{name}: {_metric_title(metric)} {_format_entry(entry)} over {entry['seeds']} seeds."
    for metric, entry in part["differences"].items():
        yield f"{name} less {_BASELINE}: {_metric_title(metric)} {_format_entry(entry, signed=True)} over {entry['seeds']} seeds."


def _auc_by_metric(
    ablation: Ablation, baseline: Ablation, settings: Settings, replicates: int
) -> tuple[dict[str, MetricEntry], dict[str, MetricEntry]]:
    """Outside area of an arm over its seeds, and that less the area of `whole` over the seeds of both."""
    ours, theirs = common_scans(_scores_by_seed(ablation, settings), _scores_by_seed(baseline, settings))
    both = sorted(set(ours) & set(theirs))
    metrics = {_AREA: _auc_entry(list(ours.values()), None, replicates)} if ours else {}
    if not both or ablation.name == baseline.name:
        return metrics, {}
    return metrics, {_AREA: _auc_entry([ours[seed] for seed in both], [theirs[seed] for seed in both], replicates)}


def _auc_entry(treated: list[pd.DataFrame], control: list[pd.DataFrame] | None, replicates: int) -> MetricEntry:
    table = treated[0]
    groups = table["group"].to_numpy(object)
    sizes = table.groupby("group")["group"].transform("size").to_numpy(float)
    once = np.where(table["truth"], 1 / sizes, 1.0)
    scores = [
        None if one is None else np.stack([t["score"].to_numpy(float) for t in one]) for one in (treated, control)
    ]
    return paired_auc(table["truth"].to_numpy(bool), scores[0], scores[1], groups, once, replicates)  # type: ignore[arg-type]


def _scores_by_seed(ablation: Ablation, settings: Settings) -> dict[int, pd.DataFrame]:
    """By seed: `truth`, `score` and `group` of every scan the area is of; without the seeds that were not run."""
    tables = {seed: _external_scores(ablation_run_name(ablation, seed), settings) for seed in ablation.seeds}
    return {seed: table for seed, table in tables.items() if table is not None and 0 < table["truth"].mean() < 1}


def _external_scores(name: str, settings: Settings) -> pd.DataFrame | None:
    """Outside tumours against healthy test scans, by the class head."""
    table = read_run_predictions(settings, name)
    if table is None:
        return None
    healthy = str(TumorClass.NOTUMOR)
    used = table[(table["set"] != str(Split.TEST)) | (table["label"] == healthy)]
    return used[["path", "group"]].assign(truth=used["label"] != healthy, score=1 - used[healthy])


def _metric_title(metric: str) -> str:
    return _METRIC_TITLES.get(metric, metric.replace("_", " "))


def _format_entry(entry: MetricEntry, *, signed: bool = False) -> str:
    value, low, high = (f"{entry[key]:+.3f}" if signed else f"{entry[key]:.3f}" for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
