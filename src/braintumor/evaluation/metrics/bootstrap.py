"""Group bootstrap: shares and means with 95% confidence intervals, as `evaluation.json` stores them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MetricEntry = dict[str, float | int | None]

CONFIDENCE_LEVEL: Final = 0.95
REPLICATES: Final = 1000


def iter_bootstrap_weights(
    groups: NDArray[np.object_], strata: NDArray[np.int64], replicates: int, seed: int
) -> Iterator[Floats]:
    """Yield the weight of every image in each bootstrap replicate.

    Whole groups are resampled with replacement, separately for each class, so that every replicate contains every
    class.

    Parameters
    ----------
    groups : ndarray, shape (n,)
        Group of each image.
    strata : ndarray of int, shape (n,)
        Class of each image; a group belongs to its most frequent class.
    replicates : int
    seed : int

    Yields
    ------
    ndarray of float64, shape (n,)
        How many times the group of each image was drawn.
    """
    names, group_index = np.unique(groups, return_inverse=True)
    votes = np.zeros((len(names), int(strata.max()) + 1))
    np.add.at(votes, (group_index, strata), 1)
    group_strata = votes.argmax(axis=1)
    groups_by_stratum = [np.flatnonzero(group_strata == stratum) for stratum in np.unique(group_strata)]
    generator = np.random.default_rng(seed)
    for _ in range(replicates):
        counts = np.zeros(len(names))
        for candidates in groups_by_stratum:
            counts[candidates] = np.bincount(
                generator.integers(len(candidates), size=len(candidates)), minlength=len(candidates)
            )
        yield counts[group_index]


def percentile_intervals(
    statistic: Callable[[Floats], dict[str, float]],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    seed: int = 0,
    n_jobs: int = -1,
) -> dict[str, tuple[float, float]]:
    """Compute the 95% percentile interval of every value that a weighted statistic returns.

    Parameters
    ----------
    statistic : callable
        Takes weights (n,) and returns named values.
    n_jobs : int
        Number of processes; -1 means one per core.

    Returns
    -------
    dict of str to (low, high)
        NaN where a value was undefined in every replicate.
    """
    results = Parallel(n_jobs=n_jobs, batch_size=25)(
        delayed(statistic)(weights) for weights in iter_bootstrap_weights(groups, strata, replicates, seed)
    )
    intervals = {}
    for name in results[0]:
        values = np.array([result[name] for result in results])
        values = values[~np.isnan(values)]
        tail = (1 - CONFIDENCE_LEVEL) / 2
        low, high = np.quantile(values, [tail, 1 - tail]) if values.size else (np.nan, np.nan)
        intervals[name] = float(low), float(high)
    return intervals


def mean_with_ci(
    columns: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    weights: Floats | None = None,
) -> dict[str, MetricEntry]:
    """Compute the mean of every column with its confidence interval; columns without any value are omitted.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        One value per scan; NaN excludes the scan.
    groups, strata : ndarray, shape (n,)
        See `iter_bootstrap_weights`.
    weights : ndarray, shape (n,), optional
        Weight of each scan; 1 by default.
    """
    base_weights = np.ones(len(groups)) if weights is None else weights
    is_defined = {name: ~np.isnan(values) for name, values in columns.items()}
    names = [name for name in columns if is_defined[name].any()]
    if not names:
        return {}
    mask = np.stack([is_defined[name] for name in names], axis=1).astype(float)
    values = np.stack([np.nan_to_num(columns[name]) for name in names], axis=1)

    def weighted_means(replicate_weights: Floats) -> dict[str, float]:
        total = (replicate_weights * base_weights) @ mask
        means = np.divide(
            (replicate_weights * base_weights) @ values, total, out=np.full(len(names), np.nan), where=total > 0
        )
        return dict(zip(names, means.tolist(), strict=True))

    return bootstrap_ci(weighted_means, {name: is_defined[name] for name in names}, groups, strata, replicates)


def bootstrap_ci(
    statistic: Callable[[Floats], dict[str, float]],
    included: Mapping[str, NDArray[np.bool_]],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    n_jobs: int = 1,
) -> dict[str, MetricEntry]:
    """Compute every value of a weighted statistic with its interval, number of scans (`n`) and number of groups.

    Parameters
    ----------
    statistic : callable
        Takes weights (n,) and returns named values.
    included : mapping of str to ndarray of bool, shape (n,)
        The scans that a value is computed from; all scans for names that are missing.
    """
    all_scans = np.ones(len(groups), bool)
    bounds = percentile_intervals(statistic, groups, strata, replicates, n_jobs=n_jobs)
    entries: dict[str, MetricEntry] = {}
    for name, value in statistic(all_scans.astype(float)).items():
        selected = included.get(name, all_scans)
        low, high = bounds[name]
        entries[name] = {
            "value": to_json_number(value),
            "low": to_json_number(low),
            "high": to_json_number(high),
            "n": int(selected.sum()),
            "groups": len(set(groups[selected])),
        }
    return entries


def by_subgroup(columns: Mapping[str, Floats], subgroups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Floats]:
    """Repeat each column for each subgroup, as `<column><subgroup>`, with NaN outside the subgroup."""
    return {
        f"{name}{suffix}": np.where(selected, values, np.nan)
        for name, values in columns.items()
        for suffix, selected in subgroups.items()
    }


def subgroup_masks(attribute: str, values: NDArray[np.object_], names: Collection[str]) -> dict[str, NDArray[np.bool_]]:
    """Select the scans with each value of an attribute, named `@<attribute>:<value>`."""
    return {f"@{attribute}:{name}": np.asarray(values == name) for name in names}


def to_json_number(value: float) -> float | None:
    """Round a number for JSON; None if it is NaN."""
    return None if np.isnan(value) else round(float(value), 6)
