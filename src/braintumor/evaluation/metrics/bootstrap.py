"""Entries: shares and means with intervals by group, in the form `evaluation.json` keeps them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

CONFIDENCE_LEVEL: Final = 0.95
REPLICATES: Final = 1000


def iter_bootstrap_weights(
    groups: NDArray[np.object_], strata: NDArray[np.int64], replicates: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Weights of every image in each bootstrap replicate.

    Groups are drawn with replacement within each stratum, so that no class vanishes from a replicate.

    Parameters
    ----------
    groups : ndarray, shape (n,)
        Group of each image.
    strata : ndarray of int, shape (n,)
        Class of each image; a group belongs to its most frequent one.
    replicates : int
    seed : int

    Yields
    ------
    ndarray of float64, shape (n,)
        How often each image counts: as often as its group was drawn.
    """
    names, member = np.unique(groups, return_inverse=True)
    votes = np.zeros((len(names), int(strata.max()) + 1))
    np.add.at(votes, (member, strata), 1)
    stratum_of = votes.argmax(axis=1)
    pools = [np.flatnonzero(stratum_of == s) for s in np.unique(stratum_of)]
    generator = np.random.default_rng(seed)
    for _ in range(replicates):
        drawn = np.zeros(len(names))
        for pool in pools:
            drawn[pool] = np.bincount(generator.integers(len(pool), size=len(pool)), minlength=len(pool))
        yield drawn[member]


def percentile_intervals(
    statistic: Callable[[NDArray[np.float64]], dict[str, float]],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    seed: int = 0,
    n_jobs: int = -1,
) -> dict[str, tuple[float, float]]:
    """Percentile interval (95%) of every value that `measure` gives for a set of weights.

    Parameters
    ----------
    measure : callable
        Takes weights (n,) and returns named values.
    jobs : int
        Processes; -1 means one per core.

    Returns
    -------
    dict of str to (low, high)
        NaN where a value was undefined in every replicate.
    """
    draws = Parallel(n_jobs=n_jobs, batch_size=25)(
        delayed(statistic)(weights) for weights in iter_bootstrap_weights(groups, strata, replicates, seed)
    )
    found = {}
    for name in draws[0]:
        values = np.array([draw[name] for draw in draws])
        values = values[~np.isnan(values)]
        tail = (1 - CONFIDENCE_LEVEL) / 2
        low, high = np.quantile(values, [tail, 1 - tail]) if values.size else (np.nan, np.nan)
        found[name] = float(low), float(high)
    return found


Floats = NDArray[np.float64]
MetricEntry = dict[str, float | int | None]


def mean_with_ci(
    columns: Mapping[str, Floats],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    weights: Floats | None = None,
) -> dict[str, MetricEntry]:
    """Mean of every column with its interval; a column without a single value is left out.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        A value per scan, NaN where the scan does not count.
    groups, strata : ndarray, shape (n,)
        See `braintumor.evaluation.metrics.bootstrap.group_weights`.
    weights : ndarray, shape (n,), optional
        How often each scan counts; one each by default.
    """
    given = np.ones(len(groups)) if weights is None else weights
    known = {name: ~np.isnan(values) for name, values in columns.items()}
    used = [name for name in columns if known[name].any()]
    if not used:
        return {}
    counted = np.stack([known[name] for name in used], axis=1).astype(float)
    values = np.stack([np.nan_to_num(columns[name]) for name in used], axis=1)

    def measure(drawn: Floats) -> dict[str, float]:
        total = (drawn * given) @ counted
        found = np.divide((drawn * given) @ values, total, out=np.full(len(used), np.nan), where=total > 0)
        return dict(zip(used, found.tolist(), strict=True))

    return bootstrap_ci(measure, {name: known[name] for name in used}, groups, strata, replicates)


def bootstrap_ci(
    statistic: Callable[[Floats], dict[str, float]],
    included: Mapping[str, NDArray[np.bool_]],
    groups: NDArray[np.object_],
    strata: NDArray[np.int64],
    replicates: int = REPLICATES,
    n_jobs: int = 1,
) -> dict[str, MetricEntry]:
    """Every value of `measure` as value, low, high, n (scans it is computed over) and groups (independent ones).

    Parameters
    ----------
    measure : callable
        Takes weights (n,) and returns named values.
    counted : mapping of str to ndarray of bool, shape (n,)
        Which scans a value is computed over; all of them where it has no entry.
    """
    everyone = np.ones(len(groups), bool)
    bounds = percentile_intervals(statistic, groups, strata, replicates, n_jobs=n_jobs)
    found: dict[str, MetricEntry] = {}
    for name, value in statistic(everyone.astype(float)).items():
        own = included.get(name, everyone)
        low, high = bounds[name]
        found[name] = {
            "value": to_json_number(value),
            "low": to_json_number(low),
            "high": to_json_number(high),
            "n": int(own.sum()),
            "groups": len(set(groups[own])),
        }
    return found


def by_subgroup(columns: Mapping[str, Floats], subgroups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Floats]:
    """Columns once more for each slice of the scans, named `<column><slice>`; see `measures` for names of slices."""
    return {
        f"{name}{part}": np.where(chosen, values, np.nan)
        for name, values in columns.items()
        for part, chosen in subgroups.items()
    }


def subgroup_masks(attribute: str, values: NDArray[np.object_], names: Collection[str]) -> dict[str, NDArray[np.bool_]]:
    """Slices `@<kind>:<value>` of the scans with each value."""
    return {f"@{attribute}:{name}": np.asarray(values == name) for name in names}


def to_json_number(value: float) -> float | None:
    """A number as JSON keeps it: rounded, None where it is undefined."""
    return None if np.isnan(value) else round(float(value), 6)
