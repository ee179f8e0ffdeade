"""Measure the experiments behind the hypotheses, and write `outputs/experiments/hypotheses.json`."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import numpy as np

from braintumor.evaluation.experiments.config import BASELINE, Ablation
from braintumor.evaluation.experiments.run_comparison import (
    ExperimentEntry,
    compare_ablations,
    groups_and_weights,
    metric_values,
    read_seed_predictions,
    rows_of_metric,
    training_details,
)
from braintumor.evaluation.experiments.visual_separability import average_by_group, separability_test
from braintumor.evaluation.metrics.paired import learning_curve
from braintumor.fileio import write_atomically
from braintumor.imaging import InputSpec
from braintumor.results.hypothesis_status import HYPOTHESES_FILE
from braintumor.settings import Settings
from braintumor.training.inputs.data import load_training_data

_PAIRED_ABLATIONS: Final = {"augmentation": "without_augmentation", "masks": "without_masks"}
_SMALL_INPUT: Final = InputSpec(height=64, width=64, channels=1)
_MIN_CURVE_POINTS: Final = 3


def analyze_hypotheses(ablations: Mapping[str, Ablation], settings: Settings, replicates: int) -> Iterator[str]:
    """Measure every experiment whose runs are available, write the results, and yield a summary line."""
    results = {"visible": _measure_separability(settings, replicates)}
    for experiment, name in _PAIRED_ABLATIONS.items():
        if name in ablations:
            result = compare_ablations(ablations[BASELINE], ablations[name], settings, replicates)
            if result is not None:
                results[experiment] = result
    if result := _measure_learning_curve(ablations, settings, replicates):
        results["growth"] = result
    content = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "experiments": results}
    write_atomically(settings.outputs / HYPOTHESES_FILE, json.dumps(content, indent=1) + "\n")
    yield f"{HYPOTHESES_FILE}: {', '.join(results)}."


def _measure_separability(settings: Settings, replicates: int) -> ExperimentEntry:
    data = load_training_data(_SMALL_INPUT, settings=settings)
    averages, labels = average_by_group(data.model_inputs, data.labels, data.manifest["group"].to_numpy(object))
    result = separability_test(averages, labels, replicates)
    return {"metrics": {"told": result.pop("entry")}, "facts": result}


def _measure_learning_curve(
    ablations: Mapping[str, Ablation], settings: Settings, replicates: int
) -> ExperimentEntry | None:
    """Compute the accuracy by share of the training groups; None with fewer than three shares."""
    by_share = {
        ablation.recipe.train_fraction: read_seed_predictions(ablation, settings)
        for name, ablation in ablations.items()
        if name not in _PAIRED_ABLATIONS.values()
    }
    by_share = {share: runs for share, runs in sorted(by_share.items()) if runs}
    if len(by_share) < _MIN_CURVE_POINTS:
        return None
    seeds = min(len(runs) for runs in by_share.values())
    tables = [[runs[seed] for seed in sorted(runs)[:seeds]] for runs in by_share.values()]
    groups, strata, _ = groups_and_weights(rows_of_metric(tables[0][0], "accuracy"))
    correct = [np.stack([metric_values(table, "accuracy") for table in seed_tables]) for seed_tables in tables]
    metrics = learning_curve(list(by_share), correct, groups, strata, replicates)
    details = training_details(ablations[BASELINE]) | {"seeds": seeds, "shares": list(by_share)}
    return {"metrics": metrics, "facts": details}
