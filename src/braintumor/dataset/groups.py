"""Groups: everything that must stay on one side of a split, joined from patients, copies and twins."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def joined(count: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Connected components of `count` items under `pairs` (union-find): the smallest member of each item's group."""
    parent = list(range(count))

    def root(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for a, b in pairs:
        low, high = sorted((root(int(a)), root(int(b))))
        parent[high] = low
    return np.array([root(item) for item in range(count)], np.int64)


def same_value_pairs(values: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs that link all items of equal value; empty text links nothing."""
    first: dict[Hashable, int] = {}
    return [(first.setdefault(value, item), item) for item, value in enumerate(values) if value != ""]


def assign_groups(manifest: pd.DataFrame, twins: pd.DataFrame) -> pd.Series:
    """Group name of every row of the manifest.

    Joined are images of one patient, exact copies whatever their label, and twins of the same label (a twin of another
    label is a suspected mislabel or a chance likeness, and would chain unlike groups together).

    Parameters
    ----------
    manifest : DataFrame
        Needs `label`, `patient`, `sha256`.
    twins : DataFrame
        From `find_twins`, with row numbers of the manifest.
    """
    labels = manifest["label"].to_numpy()
    alike = twins[labels[twins["a"]] == labels[twins["b"]]]
    pairs = [
        *same_value_pairs(manifest["patient"].tolist()),
        *same_value_pairs(manifest["sha256"].tolist()),
        *zip(alike["a"].tolist(), alike["b"].tolist(), strict=True),
    ]
    roots = joined(len(manifest), pairs)
    numbers = {root: number for number, root in enumerate(dict.fromkeys(roots.tolist()))}
    return pd.Series([f"g{numbers[root]:05d}" for root in roots.tolist()], index=manifest.index, name="group")
