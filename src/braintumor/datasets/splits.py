"""Deal images to train, validation and test: by group, or the two leaky ways that serve for comparison."""

import json
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from braintumor.datasets.manifest import read_manifest, write_manifest
from braintumor.datasets.split_leakage import TESTING, TRAINING
from braintumor.enums import Protocol, Split
from braintumor.errors import DatasetError
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings


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


SPLIT_FRACTIONS: Final[dict[Split, float]] = {Split.TRAIN: 0.7, Split.VALIDATION: 0.1, Split.TEST: 0.2}
_SPLIT_NAMES: Final = tuple(str(s) for s in SPLIT_FRACTIONS)
# Deals tried for each label; the one nearest to the shares is kept. Whole groups rarely add up exactly.
_CANDIDATE_SPLITS: Final = 2000


def split_dataset(protocol: Protocol = Protocol.GROUP, seed: int = 0, settings: Settings | None = None) -> str:
    """Deal the images of the manifest and write the result.

    The group protocol fills the manifest's `split` column. The other two are written beside it, as
    `splits/<protocol>.csv`, so that a comparison never overwrites the split that counts.

    Returns
    -------
    str
        A table of images by label and split.
    """
    settings = settings or get_settings()
    manifest = read_manifest(settings)
    manifest["split"] = assign_splits(manifest, protocol, seed)
    if protocol is Protocol.GROUP:
        write_manifest(manifest, settings)
        meta = {
            "protocol": str(protocol),
            "seed": seed,
            "shares": {str(s): share for s, share in SPLIT_FRACTIONS.items()},
        }
        write_atomically(settings.dataset_outputs / "split.json", json.dumps(meta, indent=1) + "\n")
    else:
        target = settings.dataset_outputs / "splits" / f"{protocol}.csv"
        write_atomically(target, manifest[["path", "split"]].to_csv(index=False, lineterminator="\n"))
    counts = pd.crosstab(manifest["label"], manifest["split"])[list(_SPLIT_NAMES)]
    groups = manifest.groupby("split")["group"].nunique()[list(_SPLIT_NAMES)]
    return f"{counts.to_string()}\ngroups: {', '.join(f'{name} {count}' for name, count in groups.items())}"


def assign_splits(
    manifest: pd.DataFrame, protocol: Protocol, seed: int, fractions: Mapping[Split, float] = SPLIT_FRACTIONS
) -> pd.Series:
    """The split of every row: `train`, `validation` or `test`, by label; 70/10/20 unless told otherwise.

    Parameters
    ----------
    manifest : DataFrame
        Needs `label`, `original_split` and `group`.
    protocol : Protocol
        `group` keeps every group on one side. `official` keeps Kaggle's Testing as test and takes validation from
        Training at random (an eighth, so that train and validation stay at 70 to 10). `random` deals single images.
    seed : int
    shares : mapping of Split to float
        Of train, validation and test, in this order; the official protocol has its own.

    Raises
    ------
    DatasetError
        A label has too few groups to be on every side.
    """
    generator = np.random.default_rng(seed)
    if protocol is Protocol.GROUP:
        return _assign_groups_to_splits(manifest, generator, fractions)
    labels = manifest["label"].to_numpy()
    result = np.full(len(manifest), str(Split.TEST), dtype=object)
    pool = np.ones(len(manifest), bool)
    if protocol is Protocol.OFFICIAL:
        pool = manifest["original_split"].to_numpy() == TRAINING
        if not pool.any() or pool.all():
            raise DatasetError(f"The official split needs images in both {TRAINING} and {TESTING}.")
        fractions = {Split.TRAIN: 0.875, Split.VALIDATION: 0.125, Split.TEST: 0.0}
    for label in sorted(set(labels)):
        rows = generator.permutation(np.flatnonzero((labels == label) & pool))
        edges = np.rint(np.cumsum(list(fractions.values()))[:-1] * len(rows)).astype(int)
        for name, part in zip(fractions, np.split(rows, edges), strict=True):
            result[part] = str(name)
    return pd.Series(result, index=manifest.index, name="split")


def _assign_groups_to_splits(
    manifest: pd.DataFrame, generator: np.random.Generator, fractions: Mapping[Split, float]
) -> pd.Series:
    """Whole groups, dealt label by label; a group of several labels counts for its most frequent one."""
    sizes = manifest.groupby("group", sort=True).size()
    label_of = manifest.groupby("group", sort=True)["label"].agg(lambda values: values.value_counts().index[0])
    chosen: dict[str, str] = {}
    for label in sorted(label_of.unique()):
        groups = label_of.index[label_of == label]
        if len(groups) < len(fractions):
            raise DatasetError(
                f"{label}: only {len(groups)} independent groups, too few to split three ways. Add images of other "
                "patients."
            )
        deal = _find_best_assignment(sizes[groups].to_numpy(), generator, np.array(list(fractions.values())))
        chosen.update(zip(groups, (_SPLIT_NAMES[i] for i in deal), strict=True))
    return manifest["group"].map(chosen).rename("split")


def _find_best_assignment(
    sizes: NDArray[np.int64], generator: np.random.Generator, fractions: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Index of the split of each group: of many random deals, the one nearest to the shares in images and groups."""
    best, best_cost = np.zeros(len(sizes), np.int64), np.inf
    for _ in range(_CANDIDATE_SPLITS):
        deal = generator.choice(len(fractions), size=len(sizes), p=fractions)
        deal[generator.permutation(len(sizes))[: len(fractions)]] = np.arange(len(fractions))
        of_images = np.bincount(deal, weights=sizes, minlength=len(fractions)) / sizes.sum()
        of_groups = np.bincount(deal, minlength=len(fractions)) / len(sizes)
        cost = float(np.abs(of_images - fractions).sum() + 0.5 * np.abs(of_groups - fractions).sum())
        if cost < best_cost:
            best, best_cost = deal, cost
    return best
