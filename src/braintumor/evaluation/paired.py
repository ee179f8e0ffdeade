"""Paired comparison of two ways of training, over seeds and groups, and accuracy as data grows with a fitted curve."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from braintumor.evaluation.bootstrap import LEVEL, REPLICATES, group_weights
from braintumor.evaluation.entries import Entry, plain
from braintumor.evaluation.metrics import areas

Floats = NDArray[np.float64]
Seeds = NDArray[np.int64]
_SEED: Final = 0
_LEAST_ERROR: Final = 1e-4  # a run without a single error has no logarithm


def paired_difference(
    ours: Floats, theirs: Floats, groups: NDArray[np.object_], strata: NDArray[np.int64], once: Floats | None = None,
    replicates: int = REPLICATES,
) -> Entry:  # fmt: skip
    """Mean of `ours - theirs` with an interval over groups and seeds, both drawn with replacement, seeds in pairs.

    Parameters
    ----------
    ours, theirs : ndarray, shape (seeds, n)
        A value for every scan by every seed; NaN where a scan does not count.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.bootstrap.group_weights`.
    once : ndarray, shape (n,), optional
        How often each scan counts; one each by default.
    """
    gaps = ours - theirs
    counted = ~np.isnan(gaps).any(axis=0)
    gaps, given = np.nan_to_num(gaps), counted * (1.0 if once is None else once)

    def measure(weights: Floats, seeds: Seeds) -> dict[str, float]:
        weighed = weights * given
        total = weighed.sum()
        return {"": float((gaps[seeds[0]].mean(axis=0) * weighed).sum() / total) if total else float("nan")}

    found = _over_seeds(measure, 1, len(gaps), groups, strata, replicates)[""]
    return found | {"n": int(counted.sum()), "groups": len(set(groups[counted])), "seeds": len(gaps)}


def paired_area(
    truth: NDArray[np.bool_], ours: Floats, theirs: Floats | None, groups: NDArray[np.object_],
    once: Floats | None = None, replicates: int = REPLICATES,
) -> Entry:  # fmt: skip
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
    counted = np.ones(len(truth)) if once is None else once

    def measure(weights: Floats, seeds: Seeds) -> dict[str, float]:
        weighed = weights * counted
        own = [areas(truth, ours[seed], weighed)[0] for seed in seeds[0]]
        other = [0.0 if theirs is None else areas(truth, theirs[seed], weighed)[0] for seed in seeds[0]]
        return {"": float(np.mean(own) - np.mean(other))}

    found = _over_seeds(measure, 1, len(ours), groups, truth.astype(np.int64), replicates)[""]
    return found | {"n": len(truth), "groups": len(set(groups)), "seeds": len(ours)}


def growth(
    shares: Sequence[float], right: Sequence[Floats], groups: NDArray[np.object_], strata: NDArray[np.int64],
    replicates: int = REPLICATES,
) -> dict[str, Entry]:  # fmt: skip
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
        by_seed = np.stack([(values * weights).sum(axis=1) / weights.sum() for values in right])
        accuracy = np.take_along_axis(by_seed, seeds, axis=1).mean(axis=1)
        slope, level = np.polyfit(positions, np.log(np.maximum(1 - accuracy, _LEAST_ERROR)), 1)
        found = {f"accuracy@share:{s:g}": float(a) for s, a in zip(shares, accuracy, strict=True)}
        best = accuracy[int(np.argmax(positions))]
        gains = {f"gain@from:{s:g}": float(best - a) for s, a in zip(shares, accuracy, strict=True) if s < max(shares)}
        return found | gains | {"exponent": float(-slope), "error@share:1": float(np.exp(level))}

    found = _over_seeds(measure, len(shares), len(right[0]), groups, strata, replicates)
    counted = {"n": len(groups), "groups": len(set(groups)), "seeds": len(right[0])}
    return {name: entry | counted for name, entry in found.items()}


def _over_seeds(
    measure: Callable[[Floats, Seeds], dict[str, float]], ways: int, seeds: int, groups: NDArray[np.object_],
    strata: NDArray[np.int64], replicates: int,
) -> dict[str, Entry]:  # fmt: skip
    """Values with intervals; `measure` takes weights of scans, and the numbers of the seeds drawn, (ways, seeds)."""
    generator = np.random.default_rng(_SEED)
    draws = [
        measure(weights, generator.integers(seeds, size=(ways, seeds)))
        for weights in group_weights(groups, strata, replicates, _SEED)
    ]
    tail, found = (1 - LEVEL) / 2, {}
    for name, value in measure(np.ones(len(groups)), np.tile(np.arange(seeds), (ways, 1))).items():
        low, high = np.nanquantile([drawn[name] for drawn in draws], [tail, 1 - tail])
        found[name] = {"value": plain(value), "low": plain(float(low)), "high": plain(float(high))}
    return found
