"""Intervals by bootstrap over groups: images of one patient are not independent, so whole groups are drawn."""

from collections.abc import Callable, Iterator
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
