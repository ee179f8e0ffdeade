"""Groups and splits of the external images: a patient, with near-duplicates, is on one side only."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from braintumor.datasets.external.sets import EXTERNAL_SETS
from braintumor.datasets.external.volume_slices import OUTSIDE
from braintumor.datasets.near_duplicates import MAX_DISTANCE
from braintumor.datasets.splits import assign_splits, connected_component_ids, pair_equal_values
from braintumor.enums import Protocol, Split

EXTERNAL_FRACTIONS: Final = {Split.TRAIN: 0.6, Split.VALIDATION: 0.2, Split.TEST: 0.2}
_SPLIT_SEED: Final = 0


def assign_external_groups(
    external: pd.DataFrame, hashes: NDArray[np.uint64], kaggle: pd.DataFrame, kaggle_hashes: NDArray[np.uint64]
) -> tuple[pd.Series, dict[str, str]]:
    """Join the images of a patient, exact copies, and near-duplicates of the same label, also with the Kaggle set.

    Near-duplicates of two people whom their sources number are coincidences (skull-stripped brains of one protocol
    are that similar) and join nothing. A set without patient numbers is one group.

    Parameters
    ----------
    external : DataFrame
        Columns `origin`, `patient`, `label`, `sha256` and `field`.
    hashes, kaggle_hashes : ndarray of uint64, shape (n, 8, 2)
    kaggle : DataFrame
        Columns `label`, `sha256`, `group` and `split`.

    Returns
    -------
    groups : Series of str
        `<set>/<patient>` of the group's first image, or the group of the Kaggle set that it belongs to.
    splits : dict
        Split of each group of the Kaggle set among them.
    """
    count = len(kaggle)
    people = (external["origin"] + "/" + external["patient"]).tolist()
    pairs = [
        *pair_equal_values([*kaggle["group"], *people]),
        *pair_equal_values([*kaggle["sha256"], *external["sha256"]]),
        *_pair_near_duplicates(external, hashes, kaggle, kaggle_hashes),
    ]
    components = connected_component_ids(count + len(external), pairs)
    names: dict[int, str] = {}
    for component, name in zip(components.tolist(), [*kaggle["group"], *people], strict=True):
        names.setdefault(component, name)
    groups = pd.Series([names[number] for number in components[count:].tolist()], index=external.index, name="group")
    splits = dict(zip(kaggle["group"], kaggle["split"], strict=True))
    return groups, {group: splits[group] for group in sorted(set(groups) & splits.keys())}


def assign_external_splits(manifest: pd.DataFrame, known_splits: Mapping[str, str]) -> pd.Series:
    """Split the groups of each set into 60% training, 20% validation and 20% test.

    A group that spans two sets is split with the first, and groups in `known_splits` keep their split. Groups of
    unnumbered people and sets with too few groups are for training, because they allow no test by patient.
    """
    splits = dict.fromkeys(manifest.loc[manifest["patient"] == "", "group"], str(Split.TRAIN)) | dict(known_splits)
    for _, rows in manifest.groupby("origin"):
        new = rows[~rows["group"].isin(splits)]
        if new["group"].nunique() < len(EXTERNAL_FRACTIONS):
            splits |= dict.fromkeys(new["group"], str(Split.TRAIN))
            continue
        # One stratum: most groups have both labels.
        assigned = assign_splits(new.assign(label=""), Protocol.GROUP, _SPLIT_SEED, EXTERNAL_FRACTIONS)
        splits |= dict(zip(new["group"], assigned, strict=True))
    return manifest["group"].map(splits).rename("split")


def _pair_near_duplicates(
    external: pd.DataFrame, hashes: NDArray[np.uint64], kaggle: pd.DataFrame, kaggle_hashes: NDArray[np.uint64]
) -> list[tuple[int, int]]:
    """Return pairs of row numbers, those of the external images after those of the Kaggle set."""
    upright = np.concatenate([kaggle_hashes, hashes])[:, 0]
    labels = np.array([*kaggle["label"], *external["label"]], object)
    are_known = {name for name, external_set in EXTERNAL_SETS.items() if external_set.are_patients_known}
    is_numbered = np.array([*[False] * len(kaggle), *external["origin"].isin(are_known)], bool)
    # Slices of air or noise look alike.
    is_comparable = np.array([*[True] * len(kaggle), *(external["field"] != OUTSIDE)], bool)
    pairs = []
    for row in np.flatnonzero(is_comparable[len(kaggle) :]) + len(kaggle):
        bits = np.bitwise_count(hashes[row - len(kaggle)][:, None] ^ upright[None, :row]).sum(axis=2).min(axis=0)
        joins = (bits <= MAX_DISTANCE) & (labels[:row] == labels[row]) & is_comparable[:row]
        joins &= ~(is_numbered[:row] & is_numbered[row])
        pairs += [(int(other), int(row)) for other in np.flatnonzero(joins)]
    return pairs
