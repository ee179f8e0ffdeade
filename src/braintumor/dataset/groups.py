"""Groups: everything that must stay on one side of a split, joined from patients, copies and twins."""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def connected_component_ids(count: int, pairs: Collection[tuple[int, int]]) -> NDArray[np.int64]:
    """Number of the connected component of each of `count` items under `pairs`, counted in order of first member."""
    links = np.array(list(pairs), np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def pair_equal_values(values: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pairs that link all items of equal value; empty text links nothing."""
    first: dict[Hashable, int] = {}
    return [(first.setdefault(value, item), item) for item, value in enumerate(values) if value != ""]


def assign_groups(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> pd.Series:
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
    alike = near_duplicates[labels[near_duplicates["a"]] == labels[near_duplicates["b"]]]
    pairs = [
        *pair_equal_values(manifest["patient"].tolist()),
        *pair_equal_values(manifest["sha256"].tolist()),
        *zip(alike["a"].tolist(), alike["b"].tolist(), strict=True),
    ]
    numbers = connected_component_ids(len(manifest), pairs).tolist()
    return pd.Series([f"g{number:05d}" for number in numbers], index=manifest.index, name="group")
