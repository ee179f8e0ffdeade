"""Group images by patient and near-duplicates, and split them into train, validation and test."""

import json
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from braintumor.datasets.catalog import TESTING, TRAINING
from braintumor.datasets.manifest import read_manifest, write_manifest
from braintumor.enums import HOLDOUT_SPLIT, Protocol, Split, TumorClass
from braintumor.errors import DatasetError
from braintumor.fileio import write_atomically
from braintumor.settings import Settings, get_settings


def connected_component_ids(count: int, pairs: Collection[tuple[int, int]]) -> NDArray[np.int64]:
    """Number the connected component of each of `count` items under `pairs`, in order of the first member."""
    links = np.array(list(pairs), np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def pair_equal_values(values: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Pair all items of equal value; empty text is ignored."""
    first: dict[Hashable, int] = {}
    return [(first.setdefault(value, item), item) for item, value in enumerate(values) if value != ""]


def assign_groups(manifest: pd.DataFrame, near_duplicates: pd.DataFrame) -> pd.Series:
    """Assign a group name to every row of the manifest.

    A group joins images of one patient, exact copies of any label, and near-duplicates of the same label. A
    near-duplicate of another label is a suspected labelling error or coincidence and would chain unrelated groups.

    Parameters
    ----------
    manifest : DataFrame
        Columns `label`, `patient` and `sha256`.
    near_duplicates : DataFrame
        From `find_near_duplicates`, with row numbers of the manifest.
    """
    labels = manifest["label"].to_numpy()
    same_label = near_duplicates[labels[near_duplicates["a"]] == labels[near_duplicates["b"]]]
    pairs = [
        *pair_equal_values(manifest["patient"].tolist()),
        *pair_equal_values(manifest["sha256"].tolist()),
        *zip(same_label["a"].tolist(), same_label["b"].tolist(), strict=True),
    ]
    numbers = connected_component_ids(len(manifest), pairs).tolist()
    return pd.Series([f"g{number:05d}" for number in numbers], index=manifest.index, name="group")


SPLIT_FRACTIONS: Final[dict[Split, float]] = {Split.TRAIN: 0.7, Split.VALIDATION: 0.1, Split.TEST: 0.2}
_SPLIT_NAMES: Final = tuple(str(s) for s in SPLIT_FRACTIONS)
# Random assignments tried for each label; the one closest to the target fractions is used, since groups stay whole.
_CANDIDATE_SPLITS: Final = 2000


def split_dataset(protocol: Protocol = Protocol.GROUP, seed: int = 0, settings: Settings | None = None) -> str:
    """Split the images of the manifest by a protocol and write the result.

    The group protocol fills the `split` column of the manifest. The other two, which have leakage, are written to
    `splits/<protocol>.csv` for comparison.

    Returns
    -------
    str
        A table of image counts by label and split.
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
    """Assign every row to `train`, `validation` or `test`, stratified by label.

    Parameters
    ----------
    manifest : DataFrame
        Columns `label`, `original_split` and `group`.
    protocol : Protocol
        `group` keeps every group on one side. `official` keeps Kaggle's Testing as test and takes one eighth of
        Training at random for validation, so that train to validation is 70 to 10. `random` splits single images.
    seed : int
    fractions : mapping of Split to float
        Fractions of train, validation and test, in this order; the official protocol has its own.

    Raises
    ------
    DatasetError
        A label has too few groups for three splits.
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
    """Assign whole groups label by label; a group with several labels counts for its most frequent one."""
    sizes = manifest.groupby("group", sort=True).size()
    group_labels = manifest.groupby("group", sort=True)["label"].agg(lambda values: values.value_counts().index[0])
    split_by_group: dict[str, str] = {}
    for label in sorted(group_labels.unique()):
        groups = group_labels.index[group_labels == label]
        if len(groups) < len(fractions):
            raise DatasetError(
                f"{label}: only {len(groups)} independent groups, too few for three splits. Add images of other "
                "patients."
            )
        indices = _find_best_assignment(sizes[groups].to_numpy(), generator, np.array(list(fractions.values())))
        split_by_group.update(zip(groups, (_SPLIT_NAMES[i] for i in indices), strict=True))
    return manifest["group"].map(split_by_group).rename("split")


def _find_best_assignment(
    sizes: NDArray[np.int64], generator: np.random.Generator, fractions: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return a split index for each group: the random assignment closest to the fractions in images and groups."""
    best, best_cost = np.zeros(len(sizes), np.int64), np.inf
    for _ in range(_CANDIDATE_SPLITS):
        candidate = generator.choice(len(fractions), size=len(sizes), p=fractions)
        candidate[generator.permutation(len(sizes))[: len(fractions)]] = np.arange(len(fractions))
        image_fractions = np.bincount(candidate, weights=sizes, minlength=len(fractions)) / sizes.sum()
        group_fractions = np.bincount(candidate, minlength=len(fractions)) / len(sizes)
        cost = float(np.abs(image_fractions - fractions).sum() + 0.5 * np.abs(group_fractions - fractions).sum())
        if cost < best_cost:
            best, best_cost = candidate, cost
    return best


def subsample_groups(manifest: pd.DataFrame, fraction: float, seed: int) -> pd.DataFrame:
    """Remove training groups from all splits until a fraction, and at least one, of each class is left."""
    generator = np.random.default_rng(seed)
    training = manifest[manifest["split"] == str(Split.TRAIN)]
    selected: set[str] = set()
    for _, images in training.groupby("label"):
        names = generator.permutation(np.unique(images["group"].to_numpy(str)))
        selected.update(names[: max(1, round(fraction * len(names)))])
    is_dropped = (manifest["split"] == str(Split.TRAIN)) & ~manifest["group"].isin(selected)
    return manifest.assign(split=manifest["split"].mask(is_dropped, ""))


def hold_out_sources(manifest: pd.DataFrame, sources: Collection[str], *, tumors_only: bool = True) -> pd.DataFrame:
    """Move the tumours, or all images with a class, of source datasets to the holdout split."""
    is_selected = manifest["origin"].isin(sources)
    if tumors_only:
        is_selected &= manifest["label"] != str(TumorClass.NOTUMOR)
    if missing := sorted(set(sources) - set(manifest.loc[is_selected, "origin"])):
        raise DatasetError(
            f"There are no {'tumours' if tumors_only else 'images'} from the source dataset "
            f"{', '.join(map(repr, missing))} (available: {', '.join(sorted(set(manifest['origin'])))})."
        )
    # Other images of the same groups may be near-duplicates: they are in no split.
    is_related = manifest["group"].isin(manifest.loc[is_selected, "group"])
    is_held_out = is_selected & (manifest["split"] != "")
    split = manifest["split"].mask(is_related, "").mask(is_held_out, HOLDOUT_SPLIT)
    return manifest.assign(split=split)
