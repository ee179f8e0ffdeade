"""Compare two ablations on the same scans, paired over their seeds."""

from collections import Counter
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.enums import CLASS_NAMES, EXTERNAL_SPLIT, Split, TumorClass
from braintumor.evaluation.experiments.config import Ablation
from braintumor.evaluation.experiments.runs import read_run_predictions
from braintumor.evaluation.metrics.paired import paired_difference
from braintumor.settings import Settings

Floats = NDArray[np.float64]
ExperimentEntry = dict[str, dict[str, Any]]

_COMPARED_METRICS: Final = (
    "accuracy",
    "tumor_sensitivity",
    "tumor_specificity",
    "pointing_game",
    "external_sensitivity",
)


def compare_ablations(
    treated: Ablation, control: Ablation, settings: Settings, replicates: int
) -> ExperimentEntry | None:
    """Compute the differences of two ablations over their common seeds; None if there are none."""
    treated_runs, control_runs = common_scans(*(read_seed_predictions(a, settings) for a in (treated, control)))
    seeds = sorted(set(treated_runs) & set(control_runs))
    if not seeds:
        return None
    metrics, by_seed = {}, {}
    for metric in _COMPARED_METRICS:
        rows = rows_of_metric(treated_runs[seeds[0]], metric)
        if rows.empty or (metric == "pointing_game" and "pointed" not in rows):
            continue
        sides = [
            np.stack([metric_values(runs[seed], metric) for seed in seeds]) for runs in (treated_runs, control_runs)
        ]
        if np.isnan(sides[0] - sides[1]).any(axis=0).all():
            continue
        groups, strata, group_weights = groups_and_weights(rows)
        weights = group_weights if _is_external(metric) else np.ones_like(group_weights)
        metrics[metric] = paired_difference(sides[0], sides[1], groups, strata, weights, replicates)
        by_seed[metric] = [[_weighted_mean(values, weights) for values in side] for side in sides]
    return {"metrics": metrics, "facts": training_details(treated) | {"seeds": len(seeds), "by_seed": by_seed}}


def read_seed_predictions(ablation: Ablation, settings: Settings) -> dict[int, pd.DataFrame]:
    """Read the predictions of every available seed."""
    tables = {seed: read_run_predictions(settings, ablation.run_name(seed)) for seed in ablation.seeds}
    return {seed: table for seed, table in tables.items() if table is not None}


def common_scans(*runs: dict[int, pd.DataFrame]) -> list[dict[int, pd.DataFrame]]:
    """Drop the runs on other scans than most, for example from before the external set was available."""
    counts = Counter(tuple(table["path"]) for tables in runs for table in tables.values())
    shared = max(counts, key=lambda paths: (counts[paths], len(paths)), default=())
    return [{seed: table for seed, table in tables.items() if tuple(table["path"]) == shared} for tables in runs]


def training_details(ablation: Ablation) -> dict[str, Any]:
    """Describe how the runs of an ablation were trained."""
    recipe = ablation.recipe
    return {"base": recipe.title, "side": recipe.input.height, "epochs": recipe.fit.epochs}


def rows_of_metric(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Select the scans of the set that a metric is computed on."""
    return table[table["set"] == (EXTERNAL_SPLIT if _is_external(metric) else str(Split.TEST))].reset_index(drop=True)


def metric_values(table: pd.DataFrame, metric: str) -> Floats:
    """Compute the value of every scan of a metric's set, NaN for scans that do not count."""
    rows = rows_of_metric(table, metric)
    if metric == "pointing_game":
        return rows["pointed"].to_numpy(float) if "pointed" in rows else np.full(len(rows), np.nan)
    predicted = rows[list(CLASS_NAMES)].idxmax(axis=1) if len(rows) else rows["label"]
    is_tumor = (rows["label"] != str(TumorClass.NOTUMOR)).to_numpy()
    flagged = np.asarray(predicted != str(TumorClass.NOTUMOR), float)
    if metric == "accuracy":
        return np.asarray(predicted == rows["label"], float)
    if metric == "tumor_specificity":
        return np.where(is_tumor, np.nan, 1 - flagged)
    return np.where(is_tumor, flagged, np.nan)


def groups_and_weights(rows: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.int64], Floats]:
    """Return groups and strata for the bootstrap, and weights with which every group counts as one scan."""
    groups = rows["group"].to_numpy(object)
    strata = pd.factorize(rows["label"], sort=True)[0].astype(np.int64)
    return groups, strata, 1.0 / rows.groupby("group")["group"].transform("size").to_numpy(float)


def _is_external(metric: str) -> bool:
    return metric.startswith(EXTERNAL_SPLIT)


def _weighted_mean(values: Floats, weights: Floats) -> float:
    included = ~np.isnan(values)
    return round(float(np.average(values[included], weights=weights[included])), 4)
