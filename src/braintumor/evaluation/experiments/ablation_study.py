"""Compare ablations of the v4 recipe with its baseline, and write `outputs/experiments/ablations.json`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from braintumor.enums import Split, TumorClass
from braintumor.evaluation.experiments.config import BASELINE, Ablation
from braintumor.evaluation.experiments.run_comparison import common_scans, compare_ablations, read_seed_predictions
from braintumor.evaluation.experiments.runs import EXPERIMENTS_FOLDER
from braintumor.evaluation.metrics.bootstrap import MetricEntry
from braintumor.evaluation.metrics.paired import paired_auc
from braintumor.fileio import write_atomically
from braintumor.settings import Settings
from braintumor.text import pluralize

ABLATIONS_FILE: Final = "ablations.json"
_AUC: Final = "external_roc_auc"
_METRIC_TITLES: Final = {
    "accuracy": "test accuracy",
    "tumor_sensitivity": "tumour sensitivity",
    "tumor_specificity": "specificity",
    "external_sensitivity": "sensitivity on external tumours",
    _AUC: "AUC on external tumours",
}


def analyze_ablations(ablations: Mapping[str, Ablation], settings: Settings, replicates: int) -> Iterator[str]:
    """Compare every ablation with the baseline, write the results, and yield one line per metric.

    Results of ablations that are no longer in the configuration are preserved.
    """
    baseline = ablations[BASELINE]
    results = {
        name: result
        for name, ablation in ablations.items()
        if (result := compare_to_baseline(ablation, baseline, settings, replicates))
    }
    stored = {
        name: result
        for name, result in read_ablation_results(settings).items()
        if name not in ablations or name in results
    }
    path = settings.outputs / EXPERIMENTS_FOLDER / ABLATIONS_FILE
    write_atomically(path, json.dumps(stored | results, indent=1) + "\n")
    for name, result in results.items():
        yield from summarize_ablation(name, result)


def read_ablation_results(settings: Settings) -> dict[str, dict[str, Any]]:
    """Read the results of `analyze_ablations` by ablation; empty if there are none."""
    path = settings.outputs / EXPERIMENTS_FOLDER / ABLATIONS_FILE
    content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content


def compare_to_baseline(ablation: Ablation, baseline: Ablation, settings: Settings, replicates: int) -> dict[str, Any]:
    """Compute the metrics of an ablation and their differences to the baseline; empty without runs."""
    metrics, differences = _auc_by_metric(ablation, baseline, settings, replicates)
    if ablation.name == baseline.name:
        return {"metrics": metrics, "differences": {}} if metrics else {}
    comparison = compare_ablations(ablation, baseline, settings, replicates)
    if comparison is None:
        return {}
    return {
        "metrics": metrics,
        "differences": {**comparison["metrics"], **differences},
        "facts": comparison["facts"],
    }


def summarize_ablation(name: str, result: dict[str, Any]) -> Iterator[str]:
    """Yield one line per metric and per difference to the baseline."""
    for metric, entry in result["metrics"].items():
        yield f"{name}: {_metric_title(metric)} {_format_entry(entry)}."
    for metric, entry in result["differences"].items():
        yield f"{name} minus {BASELINE}: {_metric_title(metric)} {_format_entry(entry, sign='+')}."


def _auc_by_metric(
    ablation: Ablation, baseline: Ablation, settings: Settings, replicates: int
) -> tuple[dict[str, MetricEntry], dict[str, MetricEntry]]:
    """Compute the AUC on external tumours over all seeds, and its difference to the baseline over common seeds."""
    treated, control = common_scans(_scores_by_seed(ablation, settings), _scores_by_seed(baseline, settings))
    seeds = sorted(set(treated) & set(control))
    metrics = {_AUC: _auc_entry(list(treated.values()), None, replicates)} if treated else {}
    if not seeds or ablation.name == baseline.name:
        return metrics, {}
    difference = _auc_entry([treated[seed] for seed in seeds], [control[seed] for seed in seeds], replicates)
    return metrics, {_AUC: difference}


def _auc_entry(treated: list[pd.DataFrame], control: list[pd.DataFrame] | None, replicates: int) -> MetricEntry:
    table = treated[0]
    truth, groups = table["truth"].to_numpy(bool), table["group"].to_numpy(object)
    sizes = table.groupby("group")["group"].transform("size").to_numpy(float)
    weights = np.where(truth, 1 / sizes, 1.0)  # a cluster of external near-duplicates counts as one scan
    control_scores = None if control is None else _stack_scores(control)
    return paired_auc(truth, _stack_scores(treated), control_scores, groups, weights, replicates)


def _stack_scores(tables: list[pd.DataFrame]) -> np.ndarray:
    return np.stack([table["score"].to_numpy(float) for table in tables])


def _scores_by_seed(ablation: Ablation, settings: Settings) -> dict[int, pd.DataFrame]:
    """Select `truth`, `score` and `group` of the scans that the AUC compares, by seed."""
    tables = {seed: _external_scores(table) for seed, table in read_seed_predictions(ablation, settings).items()}
    return {seed: table for seed, table in tables.items() if 0 < table["truth"].mean() < 1}


def _external_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Score external tumours and tumour-free test scans by the class head."""
    no_tumor = str(TumorClass.NOTUMOR)
    used = table[(table["set"] != str(Split.TEST)) | (table["label"] == no_tumor)]
    return used[["path", "group"]].assign(truth=used["label"] != no_tumor, score=1 - used[no_tumor])


def _metric_title(metric: str) -> str:
    return _METRIC_TITLES.get(metric, metric.replace("_", " "))


def _format_entry(entry: MetricEntry, sign: str = "") -> str:
    value, low, high = (f"{entry[key]:{sign}.3f}" for key in ("value", "low", "high"))
    return f"{value} (95% CI {low} to {high}; {pluralize(int(entry['seeds'] or 0), 'seed')})"
