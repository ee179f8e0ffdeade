"""Paired comparisons: two training conditions over seeds, learning curves, and all pairs of models."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.metrics.bootstrap import (
    CONFIDENCE_LEVEL,
    REPLICATES,
    MetricEntry,
    iter_bootstrap_weights,
    to_json_number,
)
from braintumor.evaluation.metrics.classification import roc_pr_auc

Floats = NDArray[np.float64]
Seeds = NDArray[np.int64]
PairEntry = dict[str, Any]

# Enough replicates to resolve p-values that stay significant after correcting for a hundred pairs.
PAIR_REPLICATES: Final = 20_000
_SEED: Final = 0
_TAIL: Final = (1 - CONFIDENCE_LEVEL) / 2
_MIN_ERROR: Final = 1e-4  # log(0) is undefined for runs without errors


def paired_difference(
    treated: Floats,
    control: Floats,
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    scan_weights: Floats | None = None,
    replicates: int = REPLICATES,
) -> MetricEntry:
    """Compute the mean of `treated - control` with an interval over groups and seeds, resampled with seeds in pairs.

    Parameters
    ----------
    treated, control : ndarray, shape (seeds, n)
        One value per scan and seed; NaN excludes a scan.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.metrics.bootstrap.iter_bootstrap_weights`.
    scan_weights : ndarray, shape (n,), optional
        Weight of each scan; 1 by default.
    """
    differences = treated - control
    included = ~np.isnan(differences).any(axis=0)
    differences, base_weights = np.nan_to_num(differences), included * (1.0 if scan_weights is None else scan_weights)

    def mean_difference(weights: Floats, seeds: Seeds) -> dict[str, float]:
        combined = weights * base_weights
        total = combined.sum()
        return {"": float((differences[seeds[0]].mean(axis=0) * combined).sum() / total) if total else float("nan")}

    entry = _bootstrap_over_seeds(mean_difference, 1, len(differences), groups, strata, replicates)[""]
    return entry | {"n": int(included.sum()), "groups": len(set(groups[included])), "seeds": len(differences)}


def paired_auc(
    truth: NDArray[np.bool_], treated: Floats, control: Floats | None, groups: NDArray[np.object_],
    scan_weights: Floats | None = None, replicates: int = REPLICATES,
) -> MetricEntry:  # fmt: skip
    """Compute the mean ROC area of `treated`, minus that of `control` if given, with an interval over groups and seeds.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    treated, control : ndarray, shape (seeds, n)
        Score of each scan for each seed.
    groups : ndarray, shape (n,)
        Resampled separately for each truth value.
    scan_weights : ndarray, shape (n,), optional
        Weight of each scan; 1 by default.
    """
    base_weights = np.ones(len(truth)) if scan_weights is None else scan_weights

    def mean_auc(weights: Floats, seeds: Seeds) -> dict[str, float]:
        combined = weights * base_weights
        treated_aucs = [roc_pr_auc(truth, treated[seed], combined)[0] for seed in seeds[0]]
        control_aucs = [0.0 if control is None else roc_pr_auc(truth, control[seed], combined)[0] for seed in seeds[0]]
        return {"": float(np.mean(treated_aucs) - np.mean(control_aucs))}

    entry = _bootstrap_over_seeds(mean_auc, 1, len(treated), groups, truth.astype(np.int64), replicates)[""]
    return entry | {"n": len(truth), "groups": len(set(groups)), "seeds": len(treated)}


def learning_curve(
    shares: Sequence[float], correctness: Sequence[Floats], groups: NDArray[np.object_], strata: NDArray[np.int64],
    replicates: int = REPLICATES,
) -> dict[str, MetricEntry]:  # fmt: skip
    """Compute the accuracy at each share of the training data, and the exponent of a power law fitted to the errors.

    The law is error = a share^-b (Hestness et al. 2017), fitted by least squares to logarithms. Intervals cover groups
    and seeds, both resampled with replacement, the seeds of each share independently. With a single seed, the intervals
    do not include the variation between seeds.

    Parameters
    ----------
    shares : sequence of float
    correctness : sequence of ndarray, shape (seeds, n)
        For each share: whether each seed classified each scan correctly.

    Returns
    -------
    dict
        Entries `accuracy@share:<share>`, `gain@from:<share>` (accuracy at the largest share minus accuracy at this
        one), `exponent` (b) and `error@share:1`, the fitted error with all of the data.
    """
    log_shares = np.log(np.asarray(shares, float))

    def fit_curve(weights: Floats, seeds: Seeds) -> dict[str, float]:
        by_seed = np.stack([(values * weights).sum(axis=1) / weights.sum() for values in correctness])
        accuracy = np.take_along_axis(by_seed, seeds, axis=1).mean(axis=1)
        slope, level = np.polyfit(log_shares, np.log(np.maximum(1 - accuracy, _MIN_ERROR)), 1)
        metrics = {f"accuracy@share:{share:g}": float(value) for share, value in zip(shares, accuracy, strict=True)}
        best = accuracy[int(np.argmax(log_shares))]
        gains = {
            f"gain@from:{share:g}": float(best - value)
            for share, value in zip(shares, accuracy, strict=True)
            if share < max(shares)
        }
        return metrics | gains | {"exponent": float(-slope), "error@share:1": float(np.exp(level))}

    metrics = _bootstrap_over_seeds(fit_curve, len(shares), len(correctness[0]), groups, strata, replicates)
    sizes = {"n": len(groups), "groups": len(set(groups)), "seeds": len(correctness[0])}
    return {name: entry | sizes for name, entry in metrics.items()}


def _bootstrap_over_seeds(
    statistic: Callable[[Floats, Seeds], dict[str, float]], conditions: int, seeds: int, groups: NDArray[np.object_],
    strata: NDArray[np.int64], replicates: int,
) -> dict[str, MetricEntry]:  # fmt: skip
    """Add intervals to a statistic of scan weights and seed indices, shape (conditions, seeds)."""
    generator = np.random.default_rng(_SEED)
    replicate_values = [
        statistic(weights, generator.integers(seeds, size=(conditions, seeds)))
        for weights in iter_bootstrap_weights(groups, strata, replicates, _SEED)
    ]
    entries = {}
    for name, value in statistic(np.ones(len(groups)), np.tile(np.arange(seeds), (conditions, 1))).items():
        low, high = np.nanquantile([values[name] for values in replicate_values], [_TAIL, 1 - _TAIL])
        entries[name] = {
            "value": to_json_number(value),
            "low": to_json_number(float(low)),
            "high": to_json_number(float(high)),
        }
    return entries


def compare_pairs(
    correctness: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = PAIR_REPLICATES,
) -> list[PairEntry]:
    """Compute the difference in the share of correct answers between every two models, a minus b.

    Parameters
    ----------
    correctness : mapping of str to ndarray, shape (n,)
        For each model, whether it classified each scan correctly.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.metrics.bootstrap.iter_bootstrap_weights`.

    Returns
    -------
    list of dict
        `a` (the better model), `b`, `value`, `low`, `high` (95% CI), `n`, `groups`; `real`, whether the interval
        excludes zero; `p`, two-sided from the same bootstrap; `p_holm`, adjusted for the number of pairs (Holm 1979);
        `holds`, whether `p_holm` is below 5%.
    """
    names = list(correctness)
    if len(names) < 2:
        return []
    correct = np.stack([correctness[name] for name in names])
    accuracies = np.stack(
        [correct @ weights / weights.sum() for weights in iter_bootstrap_weights(groups, strata, replicates, _SEED)]
    )
    means = correct.mean(axis=1)
    pairs: list[PairEntry] = []
    for i, j in combinations(range(len(names)), 2):
        a, b = (i, j) if means[i] >= means[j] else (j, i)
        pairs.append(
            {"a": names[a], "b": names[b]} | _difference_entry(accuracies[:, a] - accuracies[:, b], means[a] - means[b])
        )
    size = {"n": correct.shape[1], "groups": len(set(groups))}
    adjusted = adjust_holm([pair["p"] for pair in pairs])
    return [
        pair | size | {"p_holm": to_json_number(p), "holds": bool(p < 1 - CONFIDENCE_LEVEL)}
        for pair, p in zip(pairs, adjusted, strict=True)
    ]


def adjust_holm(p_values: list[float]) -> list[float]:
    """Adjust p-values for their number (Holm 1979), in the same order."""
    values = np.array(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def _difference_entry(differences: Floats, value: float) -> PairEntry:
    low, high = (float(limit) for limit in np.quantile(differences, [_TAIL, 1 - _TAIL]))
    # Adding 1 to both counts keeps p above zero when there are too few replicates.
    below, above = (
        (np.count_nonzero(condition) + 1) / (len(differences) + 1) for condition in (differences <= 0, differences >= 0)
    )
    return {
        "value": to_json_number(float(value)),
        "low": to_json_number(low),
        "high": to_json_number(high),
        "real": low > 0 or high < 0,
        "p": to_json_number(min(1.0, 2 * min(below, above))),
    }
