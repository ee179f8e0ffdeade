"""Paired comparison of two ways of training, over seeds and groups, and accuracy as data grows with a fitted curve."""

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
_SEED: Final = 0
_MIN_ERROR: Final = 1e-4  # a run without a single error has no logarithm


def paired_difference(
    treated: Floats, control: Floats, groups: NDArray[np.object_], strata: NDArray[np.int64], scan_weights: Floats | None = None,
    replicates: int = REPLICATES,
) -> MetricEntry:  # fmt: skip
    """Mean of `ours - theirs` with an interval over groups and seeds, both drawn with replacement, seeds in pairs.

    Parameters
    ----------
    ours, theirs : ndarray, shape (seeds, n)
        A value for every scan by every seed; NaN where a scan does not count.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.metrics.bootstrap.group_weights`.
    once : ndarray, shape (n,), optional
        How often each scan counts; one each by default.
    """
    gaps = treated - control
    counted = ~np.isnan(gaps).any(axis=0)
    gaps, given = np.nan_to_num(gaps), counted * (1.0 if scan_weights is None else scan_weights)

    def measure(weights: Floats, seeds: Seeds) -> dict[str, float]:
        weighed = weights * given
        total = weighed.sum()
        return {"": float((gaps[seeds[0]].mean(axis=0) * weighed).sum() / total) if total else float("nan")}

    found = _bootstrap_over_seeds(measure, 1, len(gaps), groups, strata, replicates)[""]
    return found | {"n": int(counted.sum()), "groups": len(set(groups[counted])), "seeds": len(gaps)}


def paired_auc(
    truth: NDArray[np.bool_], treated: Floats, control: Floats | None, groups: NDArray[np.object_],
    scan_weights: Floats | None = None, replicates: int = REPLICATES,
) -> MetricEntry:  # fmt: skip
    """Mean area under the ROC of `ours`, less that of `theirs` where given, with an interval over groups and seeds.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
    ours, theirs : ndarray, shape (seeds, n)
        Scores of every scan by every seed.
    groups : ndarray, shape (n,)
        Drawn anew within each answer.
    once : ndarray, shape (n,), optional
        How often each scan counts; one each by default.
    """
    counted = np.ones(len(truth)) if scan_weights is None else scan_weights

    def measure(weights: Floats, seeds: Seeds) -> dict[str, float]:
        weighed = weights * counted
        own = [roc_pr_auc(truth, treated[seed], weighed)[0] for seed in seeds[0]]
        other = [0.0 if control is None else roc_pr_auc(truth, control[seed], weighed)[0] for seed in seeds[0]]
        return {"": float(np.mean(own) - np.mean(other))}

    found = _bootstrap_over_seeds(measure, 1, len(treated), groups, truth.astype(np.int64), replicates)[""]
    return found | {"n": len(truth), "groups": len(set(groups)), "seeds": len(treated)}


def learning_curve(
    shares: Sequence[float], correctness: Sequence[Floats], groups: NDArray[np.object_], strata: NDArray[np.int64],
    replicates: int = REPLICATES,
) -> dict[str, MetricEntry]:  # fmt: skip
    """Accuracy at each share of the data, and the exponent of the power law that its errors fall by.

    The law is error = a share^-b, as learning curves often are (Hestness et al. 2017), fitted by least squares on
    logarithms. Intervals are over groups and seeds, both drawn with replacement, the seeds of every share by
    themselves; of one seed, nothing of how far another would be off is in them.

    Parameters
    ----------
    shares : sequence of float
    right : sequence of ndarray, shape (seeds, n)
        For each share: whether each scan was answered right by each seed.

    Returns
    -------
    dict
        Entries `accuracy@share:<share>`, `gain@from:<share>` (accuracy at the largest share less that at this one),
        `exponent` (b), and `error@share:1`, the fitted error where all of the data is used.
    """
    positions = np.log(np.asarray(shares, float))

    def measure(weights: Floats, seeds: Seeds) -> dict[str, float]:
        by_seed = np.stack([(values * weights).sum(axis=1) / weights.sum() for values in correctness])
        accuracy = np.take_along_axis(by_seed, seeds, axis=1).mean(axis=1)
        slope, level = np.polyfit(positions, np.log(np.maximum(1 - accuracy, _MIN_ERROR)), 1)
        found = {f"accuracy@share:{s:g}": float(a) for s, a in zip(shares, accuracy, strict=True)}
        best = accuracy[int(np.argmax(positions))]
        gains = {f"gain@from:{s:g}": float(best - a) for s, a in zip(shares, accuracy, strict=True) if s < max(shares)}
        return found | gains | {"exponent": float(-slope), "error@share:1": float(np.exp(level))}

    found = _bootstrap_over_seeds(measure, len(shares), len(correctness[0]), groups, strata, replicates)
    counted = {"n": len(groups), "groups": len(set(groups)), "seeds": len(correctness[0])}
    return {name: entry | counted for name, entry in found.items()}


def _bootstrap_over_seeds(
    statistic: Callable[[Floats, Seeds], dict[str, float]], conditions: int, seeds: int, groups: NDArray[np.object_],
    strata: NDArray[np.int64], replicates: int,
) -> dict[str, MetricEntry]:  # fmt: skip
    """Values with intervals; `measure` takes weights of scans, and the numbers of the seeds drawn, (ways, seeds)."""
    generator = np.random.default_rng(_SEED)
    draws = [
        statistic(weights, generator.integers(seeds, size=(conditions, seeds)))
        for weights in iter_bootstrap_weights(groups, strata, replicates, _SEED)
    ]
    tail, found = (1 - CONFIDENCE_LEVEL) / 2, {}
    for name, value in statistic(np.ones(len(groups)), np.tile(np.arange(seeds), (conditions, 1))).items():
        low, high = np.nanquantile([drawn[name] for drawn in draws], [tail, 1 - tail])
        found[name] = {
            "value": to_json_number(value),
            "low": to_json_number(float(low)),
            "high": to_json_number(float(high)),
        }
    return found


PairEntry = dict[str, Any]

# Many, so that a probability small enough for a hundred pairs can be seen at all.
PAIR_REPLICATES: Final = 20_000
_PAIR_SEED: Final = 0


def compare_pairs(
    correctness: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = PAIR_REPLICATES,
) -> list[PairEntry]:
    """Difference in the share of right answers of every two versions, a minus b.

    Parameters
    ----------
    right : mapping of str to ndarray, shape (n,)
        For each version, whether it answered each scan right.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.metrics.bootstrap.group_weights`.

    Returns
    -------
    list of dict
        `a`, `b`, `value`, `low`, `high` (95%), `n`, `groups`; `real`, whether the interval leaves zero out; `p`,
        two-sided by the same bootstrap; `p_holm`, the same after Holm (1979) for the number of pairs; `holds`, whether
        that is below 5%. The larger of the two is `a`.
    """
    names = list(correctness)
    if len(names) < 2:
        return []
    answers = np.stack([correctness[name] for name in names])
    draws = np.stack([answers @ w / w.sum() for w in iter_bootstrap_weights(groups, strata, replicates, _PAIR_SEED)])
    means = answers.mean(axis=1)
    found: list[PairEntry] = []
    for i, j in combinations(range(len(names)), 2):
        a, b = (i, j) if means[i] >= means[j] else (j, i)
        found.append({"a": names[a], "b": names[b]} | _difference_entry(draws[:, a] - draws[:, b], means[a] - means[b]))
    size = {"n": answers.shape[1], "groups": len(set(groups))}
    adjusted = adjust_holm([pair["p"] for pair in found])
    return [
        pair | size | {"p_holm": to_json_number(p), "holds": bool(p < 1 - CONFIDENCE_LEVEL)}
        for pair, p in zip(found, adjusted, strict=True)
    ]


def adjust_holm(probabilities: list[float]) -> list[float]:
    """Probabilities adjusted for how many there are (Holm 1979), in the same order."""
    values = np.array(probabilities, np.float64)
    order = np.argsort(values, kind="stable")
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def _difference_entry(draws: Floats, value: float) -> PairEntry:
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = (float(limit) for limit in np.quantile(draws, [tail, 1 - tail]))
    # One is added to both counts, so that no probability is zero because of too few draws.
    below, above = ((np.count_nonzero(side) + 1) / (len(draws) + 1) for side in (draws <= 0, draws >= 0))
    return {
        "value": to_json_number(float(value)),
        "low": to_json_number(low),
        "high": to_json_number(high),
        "real": low > 0 or high < 0,
        "p": to_json_number(min(1.0, 2 * min(below, above))),
    }
