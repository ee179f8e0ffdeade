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
