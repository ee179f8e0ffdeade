"""Reproducible samples of scans that cover many patient groups."""

import numpy as np
from numpy.typing import NDArray


def sample_across_groups(groups: NDArray[np.object_], count: int, seed: int) -> NDArray[np.int64]:
    """Sample at most `count` scans, one per group in each round, and return sorted row indices.

    Parameters
    ----------
    groups : ndarray, shape (n,)
        Group of each scan.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(groups))
    last_round: dict[object, int] = {}
    rounds = np.zeros(len(groups), int)
    for row in order:
        rounds[row] = last_round[groups[row]] = last_round.get(groups[row], -1) + 1
    return np.sort(order[np.argsort(rounds[order], kind="stable")][:count])


def sample_by_class(
    is_tumor: NDArray[np.bool_], groups: NDArray[np.object_], tumors: int, tumor_free: int, seed: int
) -> NDArray[np.int64]:
    """Sample at most so many scans with a tumour and then so many without, each across groups; return row indices.

    Parameters
    ----------
    is_tumor, groups : ndarray, shape (n,)
        Whether each scan has a tumour, and its group.
    """
    rows = []
    for candidates, count in ((np.flatnonzero(is_tumor), tumors), (np.flatnonzero(~is_tumor), tumor_free)):
        rows.append(candidates[sample_across_groups(groups[candidates], count, seed)])
    return np.concatenate(rows)
